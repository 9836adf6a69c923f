//! The words for where an invoice stands, and what can be done with it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::delivery::{Delivery, DeliveryOutcome};
use super::state::{Invoice, IssuedInvoice};

/// The stage of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Can be changed.
    Draft,
    /// Has a number and is frozen.
    Issued,
    /// Was given up as a draft.
    Discarded,
    /// Was taken back after issue; keeps its number.
    Voided,
}

/// How far an issued document is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettlementStatus {
    /// Nothing is paid.
    Unpaid,
    /// A part is paid.
    PartiallyPaid,
    /// Nothing is left to pay: the balance is zero or negative. That it was paid is not said. A
    /// document of nothing, one that was prepaid, and a correction with a negative amount due
    /// (BT-115) are `paid` from their issue on, because the buyer owes nothing on them.
    Paid,
    /// The rest was given up.
    WrittenOff,
}

/// What became of the last request to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Nobody asked for delivery.
    NotRequested,
    /// At least one recipient is still open.
    Requested,
    /// Every recipient's server took it.
    Sent,
    /// For at least one recipient nobody can tell.
    Uncertain,
    /// At least one recipient did not get it.
    Failed,
}

/// The one word that a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Can be changed.
    Draft,
    /// Was given up as a draft.
    Discarded,
    /// Issued, and something is left to pay.
    Open,
    /// Open after its due date.
    Overdue,
    /// Nothing is left to pay; see [`SettlementStatus::Paid`].
    Paid,
    /// The rest was given up.
    WrittenOff,
    /// Was taken back after issue.
    Void,
}

/// Something that can be done with a document now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Change the draft.
    Update,
    /// Add a line.
    AddLine,
    /// Change a line.
    ChangeLine,
    /// Remove a line.
    RemoveLine,
    /// Issue it.
    Issue,
    /// Send it, issuing it first when it is a draft.
    Send,
    /// Give up the draft.
    Discard,
    /// Record a payment.
    RecordPayment,
    /// Take a payment back.
    ReversePayment,
}

macro_rules! words {
    ($($name:ident { $($variant:ident => $word:literal),+ $(,)? })+) => {$(
        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::invalid::InvalidValue;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let words: Vec<_> = Self::ALL.iter().map(|word| word.as_str()).collect();
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| {
                    Self::Err::new(format!("must be one of {}", words.join(", ")))
                })
            }
        }
    )+};
}

words! {
    DocumentStatus {
        Draft => "draft", Issued => "issued", Discarded => "discarded", Voided => "voided",
    }
    SettlementStatus {
        Unpaid => "unpaid", PartiallyPaid => "partially_paid", Paid => "paid",
        WrittenOff => "written_off",
    }
    DeliveryStatus {
        NotRequested => "not_requested", Requested => "requested", Sent => "sent",
        Uncertain => "uncertain", Failed => "failed",
    }
    Status {
        Draft => "draft", Discarded => "discarded", Open => "open", Overdue => "overdue",
        Paid => "paid", WrittenOff => "written_off", Void => "void",
    }
    Action {
        Update => "update", AddLine => "add_line", ChangeLine => "change_line",
        RemoveLine => "remove_line", Issue => "issue", Send => "send", Discard => "discard",
        RecordPayment => "record_payment", ReversePayment => "reverse_payment",
    }
}

impl Invoice {
    /// The one word, as of a day; `None` before the first event.
    #[must_use]
    pub fn status(&self, today: Date) -> Option<Status> {
        match self {
            Self::Absent => None,
            Self::Draft(_) => Some(Status::Draft),
            Self::Discarded(_) => Some(Status::Discarded),
            Self::Issued(issued) => Some(issued.status(today)),
        }
    }

    /// The stage; `None` before the first event.
    #[must_use]
    pub const fn document_status(&self) -> Option<DocumentStatus> {
        match self {
            Self::Absent => None,
            Self::Draft(_) => Some(DocumentStatus::Draft),
            Self::Discarded(_) => Some(DocumentStatus::Discarded),
            Self::Issued(_) => Some(DocumentStatus::Issued),
        }
    }

    /// How far it is paid; `None` unless it was issued.
    #[must_use]
    pub fn settlement_status(&self) -> Option<SettlementStatus> {
        self.as_issued().map(IssuedInvoice::settlement_status)
    }

    /// What became of the last request to deliver it.
    #[must_use]
    pub fn delivery_status(&self) -> DeliveryStatus {
        self.as_issued()
            .map_or(DeliveryStatus::NotRequested, IssuedInvoice::delivery_status)
    }

    /// What can be done with it now. Permissions are not looked at.
    #[must_use]
    pub fn available_actions(&self) -> Vec<Action> {
        match self {
            Self::Absent | Self::Discarded(_) => Vec::new(),
            Self::Draft(draft) => {
                let mut actions = vec![Action::Update, Action::AddLine];
                if !draft.lines.is_empty() {
                    actions.extend([
                        Action::ChangeLine,
                        Action::RemoveLine,
                        Action::Issue,
                        Action::Send,
                    ]);
                }
                actions.push(Action::Discard);
                actions
            }
            Self::Issued(issued) => {
                let mut actions = vec![Action::Send];
                if issued.balance().is_positive() {
                    actions.push(Action::RecordPayment);
                }
                if !issued.payments.standing.is_empty() {
                    actions.push(Action::ReversePayment);
                }
                actions
            }
        }
    }
}

impl IssuedInvoice {
    /// The one word, as of a day.
    #[must_use]
    pub fn status(&self, today: Date) -> Status {
        if !self.balance().is_positive() {
            Status::Paid
        } else if self.document.due_date < today {
            Status::Overdue
        } else {
            Status::Open
        }
    }

    /// How far it is paid.
    #[must_use]
    pub fn settlement_status(&self) -> SettlementStatus {
        if !self.balance().is_positive() {
            SettlementStatus::Paid
        } else if self.payments.standing.is_empty() {
            SettlementStatus::Unpaid
        } else {
            SettlementStatus::PartiallyPaid
        }
    }

    /// What became of the last request to deliver it.
    #[must_use]
    pub fn delivery_status(&self) -> DeliveryStatus {
        self.deliveries
            .iter()
            .next_back()
            .map_or(DeliveryStatus::NotRequested, Delivery::status)
    }
}

impl Delivery {
    /// What became of this request: the worst that is known of a recipient.
    #[must_use]
    pub fn status(&self) -> DeliveryStatus {
        let outcomes = || self.recipients.iter().map(|recipient| recipient.outcome);
        if outcomes().flatten().any(DeliveryOutcome::is_failure) {
            DeliveryStatus::Failed
        } else if outcomes().any(|outcome| outcome.is_none()) {
            DeliveryStatus::Requested
        } else if outcomes().any(|outcome| outcome == Some(DeliveryOutcome::Uncertain)) {
            DeliveryStatus::Uncertain
        } else {
            DeliveryStatus::Sent
        }
    }
}
