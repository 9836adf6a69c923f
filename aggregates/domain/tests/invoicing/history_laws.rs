//! What holds for every history of commands.

use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::invoice::{
    DeliveryOutcome, DeliveryReport, DraftChanges, Invoice, InvoiceCommand, InvoiceEvent, NewDraft,
    RefusalKind, RenderingKind, RenderingReport,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Money};
use invoiceapp_domain::patch::Patch;
use invoiceapp_domain::tax::PriceMode;
use invoiceapp_domain::{Decider, EventPayload};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::generators::{drafts, lines};
use crate::support::{
    after, buyer, context, create, delivery, delivery_id, document_id, given, instruction, issue,
    line_id, new_draft, numbered, of, payment, payment_id,
};

/// Identities are few, so that commands meet what earlier ones made.
const IDS: u128 = 4;
const COMMANDS_MAX: usize = 40;
/// A history holds dozens of commands, so that this many of them try thousands of decisions.
const CASES: u32 = 96;

fn payments() -> impl Strategy<Value = InvoiceCommand> {
    (
        1..=IDS,
        -100..20_000_i64,
        select(vec!["EUR", "EUR", "EUR", "JPY"]),
    )
        .prop_map(|(number, minor, currency)| {
            let mut payment = payment(number, "1 EUR");
            payment.amount = Money::from_minor(minor, of(currency)).unwrap();
            InvoiceCommand::RecordPayment(payment)
        })
}

fn draft_commands() -> impl Strategy<Value = InvoiceCommand> {
    let line = || {
        (1..=IDS, lines(Currency::EUR)).prop_map(|(number, mut line)| {
            line.line_id = line_id(number);
            Box::new(line)
        })
    };
    let changes = (any::<bool>(), any::<bool>(), 0..2_000_i64).prop_map(|(gross, known, minor)| {
        InvoiceCommand::ChangeDraft(Box::new(DraftChanges {
            price_mode: Some(if gross {
                PriceMode::Gross
            } else {
                PriceMode::Net
            }),
            buyer: if known {
                Patch::Set(buyer())
            } else {
                Patch::Clear
            },
            prepaid: Some(Money::from_minor(minor, Currency::EUR).unwrap()),
            ..DraftChanges::default()
        }))
    });
    prop_oneof![
        1 => Just(create(new_draft())),
        3 => line().prop_map(InvoiceCommand::AddLine),
        3 => line().prop_map(InvoiceCommand::ChangeLine),
        2 => (1..=IDS)
            .prop_map(|number| InvoiceCommand::RemoveLine { line_id: line_id(number) }),
        2 => changes,
    ]
}

fn issued_commands() -> impl Strategy<Value = InvoiceCommand> {
    let outcomes = vec![
        DeliveryOutcome::Uncertain,
        DeliveryOutcome::Accepted,
        DeliveryOutcome::Rejected,
        DeliveryOutcome::Bounced,
    ];
    prop_oneof![
        4 => payments(),
        2 => (1..=IDS).prop_map(|number| InvoiceCommand::ReversePayment {
            payment_id: payment_id(number),
            reason: None,
        }),
        1 => (1..=IDS).prop_map(|number| InvoiceCommand::RequestDelivery(delivery(number))),
        1 => (1..=IDS).prop_map(|number| InvoiceCommand::Send {
            issue: Box::new(instruction()),
            delivery: delivery(number),
        }),
        2 => (1..=IDS, select(outcomes)).prop_map(|(number, outcome)| {
            InvoiceCommand::RecordDelivery(DeliveryReport {
                delivery_id: delivery_id(number),
                recipient: of("buyer@example.com"),
                outcome,
                provider_ref: None,
            })
        }),
        1 => (1..=IDS, 0..3_u64).prop_map(|(number, version)| {
            InvoiceCommand::AttachRendering(RenderingReport {
                document_id: document_id(number),
                kind: RenderingKind::Pdf,
                locale: Locale::En,
                from_version: version,
                sha256: Sha256Hex::of(&version.to_be_bytes()),
                size: 1,
                template_version: of("1"),
            })
        }),
    ]
}

fn histories() -> impl Strategy<Value = Vec<InvoiceCommand>> {
    let ends = prop_oneof![
        9 => Just(issue()),
        1 => Just(InvoiceCommand::Discard { reason: None }),
    ];
    let drafting = vec(draft_commands(), 0..COMMANDS_MAX);
    (
        drafts(),
        any::<bool>(),
        drafting,
        ends,
        vec(issued_commands(), 0..COMMANDS_MAX),
    )
        .prop_map(|(mut new, generated, drafting, end, later)| {
            new.prepaid = None;
            // An allowance beside every line is never issued.
            let vats: Vec<_> = new.lines.iter().map(|line| line.vat).collect();
            new.allowances
                .retain(|allowance| vats.contains(&allowance.vat));
            let new = if generated {
                new
            } else {
                NewDraft {
                    prepaid: None,
                    ..new_draft()
                }
            };
            let mut commands = vec![create(new)];
            commands.extend(drafting);
            commands.push(end);
            commands.extend(later);
            commands
        })
}

/// Runs commands as the journal would: a refusal changes nothing.
fn run(commands: &[InvoiceCommand]) -> (Invoice, Vec<InvoiceEvent>) {
    let mut state = Invoice::default();
    let mut events = Vec::new();
    for command in commands {
        let Ok(decision) = state.decide(command, &context()) else {
            continue;
        };
        for event in numbered(decision) {
            state.evolve(&event);
            events.push(event);
        }
    }
    (state, events)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn replay_gives_the_same_state(commands in histories()) {
        let (state, events) = run(&commands);
        prop_assert_eq!(Invoice::fold(&events), state);
    }

    #[test]
    fn a_snapshot_and_its_tail_give_the_same_state(commands in histories(), cut in 0..100_usize) {
        let (state, events) = run(&commands);
        let (head, tail) = events.split_at(cut.min(events.len()));
        let snapshot = serde_json::to_string(&Invoice::fold(head)).unwrap();
        let mut restored: Invoice = serde_json::from_str(&snapshot).unwrap();
        tail.iter().for_each(|event| restored.evolve(event));
        prop_assert_eq!(restored, state);
    }

    #[test]
    fn an_event_is_read_as_it_was_written_and_under_its_own_name(commands in histories()) {
        for event in run(&commands).1 {
            let stored = serde_json::to_value(&event).unwrap();
            let name = stored.as_object().unwrap().keys().next().unwrap();
            prop_assert_eq!(name, event.event_type());
            prop_assert_eq!(serde_json::from_value::<InvoiceEvent>(stored).unwrap(), event);
        }
    }

    #[test]
    fn the_balance_is_what_is_payable_less_what_is_paid(commands in histories()) {
        let mut state = Invoice::default();
        let mut paid = 0_i64;
        for event in run(&commands).1 {
            match &event {
                InvoiceEvent::PaymentRecorded(recorded) => paid += recorded.payment.amount.minor(),
                InvoiceEvent::PaymentReversed(reversed) => paid -= reversed.amount.minor(),
                _ => {}
            }
            state.evolve(&event);
            if let Some(issued) = state.as_issued() {
                let payable = issued.document.totals.payable.minor();
                prop_assert_eq!(issued.balance().minor(), payable - paid);
                prop_assert_eq!(issued.paid().minor(), paid);
                let standing: i64 =
                    issued.payments.standing.iter().map(|payment| payment.amount.minor()).sum();
                prop_assert_eq!(standing, paid);
                prop_assert!(paid == 0 || issued.balance().minor() >= 0);
            }
        }
    }

    #[test]
    fn an_issued_document_never_changes(commands in histories()) {
        let mut frozen: Option<Sha256Hex> = None;
        let mut state = Invoice::default();
        for event in run(&commands).1 {
            state.evolve(&event);
            let Some(issued) = state.as_issued() else {
                prop_assert!(frozen.is_none(), "issued once, issued for ever");
                continue;
            };
            let hash = issued.document.content_hash();
            prop_assert_eq!(&issued.content_hash, &hash);
            prop_assert_eq!(frozen.get_or_insert(hash.clone()), &hash);
        }
    }

    #[test]
    fn no_deduction_turns_the_sign_of_what_it_is_deducted_from(commands in histories()) {
        let mut state = Invoice::default();
        for event in run(&commands).1 {
            state.evolve(&event);
            let drafted = state.as_draft().map(|draft| draft.amounts().unwrap().lines);
            for line in drafted.unwrap_or_default() {
                let charges: i64 = line.charges.iter().copied().map(Money::minor).sum();
                let base = line.price_amount.minor() + charges;
                prop_assert!(base.signum() * line.total.minor().signum() >= 0);
            }
        }
        let Some(issued) = state.as_issued() else { return Ok(()) };
        let document = &issued.document;
        for row in &document.tax_breakdown {
            let lines = document.lines.iter().filter(|line| line.line.vat == row.vat);
            let charges = document.charges.iter().filter(|item| item.adjustment.vat == row.vat);
            let base = lines.map(|line| line.amounts.total.minor()).sum::<i64>()
                + charges.map(|item| item.amounts.amount.minor()).sum::<i64>();
            prop_assert!(base.signum() * row.taxable_amount.minor().signum() >= 0);
            prop_assert!(base != 0 || row.taxable_amount.is_zero());
        }
        let totals = document.totals;
        prop_assert!(totals.prepaid.is_zero() || !totals.payable.is_negative());
    }

    #[test]
    fn a_refusal_names_a_field_exactly_when_it_is_invalid(commands in histories()) {
        let mut state = Invoice::default();
        for command in &commands {
            match state.decide(command, &context()) {
                Ok(decision) => numbered(decision).iter().for_each(|event| state.evolve(event)),
                Err(refusal) => prop_assert_eq!(
                    refusal.kind() == RefusalKind::Invalid,
                    refusal.field().is_some()
                ),
            }
        }
    }

    #[test]
    fn a_draft_can_always_be_computed(commands in histories()) {
        let mut state = Invoice::default();
        for event in run(&commands).1 {
            state.evolve(&event);
            if let Some(draft) = state.as_draft() {
                prop_assert!(draft.amounts().is_ok());
            }
        }
    }

    #[test]
    fn the_framework_and_the_fold_agree(commands in histories()) {
        let (_, events) = run(&commands);
        let command = InvoiceCommand::ReversePayment { payment_id: payment_id(1), reason: None };
        let decided = Invoice::fold(&events).decide(&command, &context());
        let handled = given(events).when(command).inspect_result();
        prop_assert_eq!(decided.is_ok(), handled.is_ok());
    }
}

#[test]
fn ten_thousand_changes_of_lines_leave_a_state_of_a_few_lines() {
    let mut events = after(Vec::new(), &[create(new_draft())]);
    for number in 0..10_000_u32 {
        let mut line = crate::support::line(1, "1", "1", "S 19");
        line.quantity = of(&format!("{}", number + 1));
        events.push(InvoiceEvent::LineChanged {
            line: Box::new(line),
        });
    }
    let state = Invoice::fold(&events);
    assert!(serde_json::to_string(&state).unwrap().len() < 2_000);
}
