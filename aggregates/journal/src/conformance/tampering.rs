//! Laws of what was written: the database refuses to change it, and a change by force is found.

use super::fixture::{ambient, append, assert_whole, everything, stream};
use super::{Subject, Tampering};
use crate::verify::verify;

/// By statements against the tables.
pub async fn history_cannot_be_rewritten(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    for n in 0..3_u32 {
        journal
            .append(append(&stream(n), 0, n.into(), 1))
            .await
            .unwrap();
    }
    let before = everything(journal.as_ref()).await;
    for tampering in [
        Tampering::Update(2),
        Tampering::Delete(2),
        Tampering::Replace(2),
    ] {
        let refusal = subject.tamper(tampering).await;
        assert!(
            refusal
                .as_ref()
                .is_err_and(|word| word.contains("immutable")),
            "{refusal:?}"
        );
    }
    assert_eq!(everything(journal.as_ref()).await, before);
    assert_whole(journal.as_ref(), 3).await;
}

/// By the owner of the database.
pub async fn a_flipped_byte_is_found_at_its_position(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    for n in 0..9_u32 {
        journal
            .append(append(&stream(n), 0, n.into(), 1))
            .await
            .unwrap();
    }
    subject.tamper(Tampering::FlipByte(4)).await.unwrap();
    let verification = verify(journal.as_ref(), |_, _| ()).await.unwrap();
    let fault = verification.fault.unwrap();
    assert_eq!((fault.position, verification.events), (4, 3), "{fault:?}");
}
