//! Shaped words, remembered per process: invoices repeat their labels, units, names and numbers.
//! Shaping is a function of the word alone, so that what is remembered changes no document.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::shape::Shaped;

/// Most words that are kept per font and direction; then they are forgotten, all at once.
const WORDS_MAX: usize = 4_096;
/// Longest word that is kept, in bytes.
const WORD_BYTES_MAX: usize = 64;

/// The words of one direction.
type Kept = HashMap<Arc<str>, Arc<Shaped>>;

/// The words of one font.
#[derive(Default)]
pub(super) struct Words {
    left_to_right: Mutex<Kept>,
    right_to_left: Mutex<Kept>,
}

impl Words {
    pub(super) fn get(&self, word: &str, right_to_left: bool) -> Option<Arc<Shaped>> {
        self.kept(right_to_left).get(word).cloned()
    }

    pub(super) fn keep(&self, shaped: &Arc<Shaped>, right_to_left: bool) {
        if shaped.text.len() > WORD_BYTES_MAX {
            return;
        }
        let mut kept = self.kept(right_to_left);
        if kept.len() >= WORDS_MAX {
            kept.clear();
        }
        kept.insert(Arc::clone(&shaped.text), Arc::clone(shaped));
    }

    fn kept(&self, right_to_left: bool) -> MutexGuard<'_, Kept> {
        let kept = if right_to_left {
            &self.right_to_left
        } else {
            &self.left_to_right
        };
        kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
