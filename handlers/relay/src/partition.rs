//! Which partition a key belongs to: murmur2, as the Java client and every client that follows it.

/// The seed of the Java client.
const SEED: u32 = 0x9747_b28c;
const MIX: u32 = 0x5bd1_e995;

/// The hash of a key.
fn murmur2(key: &[u8]) -> u32 {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let mut hash = SEED ^ length;
    let (words, rest) = key.as_chunks::<4>();
    for word in words {
        let mut word = u32::from_le_bytes(*word).wrapping_mul(MIX);
        word ^= word >> 24;
        hash = hash.wrapping_mul(MIX) ^ word.wrapping_mul(MIX);
    }
    if !rest.is_empty() {
        let tail = rest
            .iter()
            .rev()
            .fold(0_u32, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(MIX);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MIX);
    hash ^ (hash >> 15)
}

/// The partition of a key among `count`. A topic's count never changes: a key would move, and its
/// order would be lost.
#[must_use]
pub fn partition_of(key: &[u8], count: u32) -> i32 {
    let positive = murmur2(key) & 0x7fff_ffff;
    let partition = positive.checked_rem(count).unwrap_or_default();
    i32::try_from(partition).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{murmur2, partition_of};

    #[test]
    fn keys_hash_as_the_java_client_hashes_them() {
        // The vectors of Kafka's own UtilsTest.testMurmur2.
        let vectors: [(&str, i32); 6] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn a_partition_is_always_one_of_the_topics() {
        for number in 0..1_000 {
            let partition = partition_of(format!("default:{number}").as_bytes(), 12);
            assert!((0..12).contains(&partition));
        }
        assert_eq!(partition_of(b"default:1", 0), 0);
    }
}
