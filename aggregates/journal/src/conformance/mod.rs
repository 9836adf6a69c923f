//! What every adapter of the port has to pass, with no exceptions list. [`journal_conformance`] makes
//! a test of each law; an adapter brings a [`Subject`], which is one empty place for a journal.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test suite: what is not as expected fails the test"
)]

mod appends;
mod claims;
mod fixture;
mod guards;
mod histories;
mod model;
mod reads;
mod receipts;
mod series;
mod tampering;
mod writers;

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::Ambient;

pub use appends::{
    a_caller_who_hangs_up_changes_nothing, a_later_request_sees_the_earlier_ones_of_its_batch,
    a_panic_while_completing_fails_its_own_request_only,
    a_refused_append_fails_no_neighbour_and_leaves_no_trace,
    an_append_beyond_a_limit_or_malformed_is_refused, an_append_without_event_leaves_a_receipt,
    metadata_carries_claims_and_number_on_the_first_event_only,
    of_many_appends_on_one_version_exactly_one_commits,
    positions_and_versions_are_dense_and_the_chain_holds, subscribers_are_woken,
    time_never_goes_back_along_the_journal,
};
pub use claims::{
    a_claim_is_held_by_one_stream_of_a_tenant, a_released_claim_can_be_taken_again,
    releasing_what_another_stream_holds_changes_nothing,
};
pub use fixture::SteppingAmbient;
pub use guards::{
    a_guard_sees_what_its_own_batch_does, a_guarded_stream_that_has_moved_refuses_the_append,
};
pub use histories::random_histories_agree_with_the_reference_model;
pub use reads::{
    a_newer_snapshot_replaces_an_older_and_another_fold_replaces_any,
    a_tail_begins_behind_the_snapshot_of_its_fold, reads_keep_their_limits_and_their_order,
};
pub use receipts::{
    a_command_id_with_another_body_is_refused, a_retry_gets_the_first_outcome_for_ever,
    fifty_parallel_identical_commands_commit_once_with_one_outcome,
};
pub use series::{
    a_thousand_parallel_issues_with_a_tenth_refused_are_numbered_without_gap,
    each_period_counts_by_itself_and_dates_never_go_back, numbers_continue_after_a_restart,
};
pub use tampering::{a_flipped_byte_is_found_at_its_position, history_cannot_be_rewritten};
pub use writers::{
    a_memory_that_is_far_behind_decides_rightly,
    a_memory_that_others_made_old_refuses_nothing_wrongly, two_writers_share_claims_and_series,
    two_writers_share_one_journal,
};

use crate::port::Journal;

/// An attempt to change what was written, past the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tampering {
    /// `UPDATE` of the event at a position.
    Update(u64),
    /// `DELETE` of the event at a position.
    Delete(u64),
    /// An insert that would push the event at a position out of its place.
    Replace(u64),
    /// As the owner of the database, with every guard removed: one byte of the event's payload is
    /// another.
    FlipByte(u64),
}

/// One empty place for a journal, and what may be done to it.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Opens the journal of this place: the first time it is created, and while it is open already,
    /// this is a second writer on the same data.
    async fn open(&self, ambient: Arc<dyn Ambient>) -> Arc<dyn Journal>;

    /// Closes everything that `open` gave out, in order.
    async fn close_all(&self);

    /// Tries to tamper with the data; the refusal is the database's word.
    async fn tamper(&self, tampering: Tampering) -> Result<(), String>;
}

/// Makes one test of each law, on the given [`Subject`] (an expression, evaluated for each). An
/// attribute before it is put on every test: `#[ignore = "..."]` for an adapter that wants a server.
#[macro_export]
macro_rules! journal_conformance {
    (#[$attribute:meta] $subject:expr) => {
        $crate::journal_conformance! { @all $attribute, $subject }
    };
    ($subject:expr) => {
        $crate::journal_conformance! { @all cfg(all()), $subject }
    };
    (@all $attribute:meta, $subject:expr) => {
        $crate::journal_conformance! { @laws $attribute, $subject,
            positions_and_versions_are_dense_and_the_chain_holds,
            a_refused_append_fails_no_neighbour_and_leaves_no_trace,
            of_many_appends_on_one_version_exactly_one_commits,
            a_later_request_sees_the_earlier_ones_of_its_batch,
            time_never_goes_back_along_the_journal,
            metadata_carries_claims_and_number_on_the_first_event_only,
            a_caller_who_hangs_up_changes_nothing,
            an_append_beyond_a_limit_or_malformed_is_refused,
            an_append_without_event_leaves_a_receipt,
            a_panic_while_completing_fails_its_own_request_only,
            subscribers_are_woken,
            fifty_parallel_identical_commands_commit_once_with_one_outcome,
            a_command_id_with_another_body_is_refused,
            a_retry_gets_the_first_outcome_for_ever,
            a_claim_is_held_by_one_stream_of_a_tenant,
            a_released_claim_can_be_taken_again,
            releasing_what_another_stream_holds_changes_nothing,
            a_thousand_parallel_issues_with_a_tenth_refused_are_numbered_without_gap,
            each_period_counts_by_itself_and_dates_never_go_back,
            numbers_continue_after_a_restart,
            a_guarded_stream_that_has_moved_refuses_the_append,
            a_guard_sees_what_its_own_batch_does,
            reads_keep_their_limits_and_their_order,
            a_newer_snapshot_replaces_an_older_and_another_fold_replaces_any,
            a_tail_begins_behind_the_snapshot_of_its_fold,
            two_writers_share_one_journal,
            two_writers_share_claims_and_series,
            a_memory_that_others_made_old_refuses_nothing_wrongly,
            a_memory_that_is_far_behind_decides_rightly,
            history_cannot_be_rewritten,
            a_flipped_byte_is_found_at_its_position,
        }

        #[test]
        #[$attribute]
        fn random_histories_agree_with_the_reference_model() {
            $crate::conformance::random_histories_agree_with_the_reference_model(|| $subject);
        }
    };
    (@laws $attribute:meta, $subject:expr, $($law:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[$attribute]
        async fn $law() {
            $crate::conformance::$law(&$subject).await;
        }
    )+};
}
