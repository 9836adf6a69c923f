//! Kafka's own `ProducerPerformance`, in the distribution that the stack runs.

use std::io::Write;
use std::process::Command;

use tempfile::NamedTempFile;

use crate::check::Content;

const CLASS: &str = "org.apache.kafka.tools.ProducerPerformance";
/// Records that it sends before it counts: by then its code is compiled.
const WARM_UP_RECORDS: u64 = 100_000;
/// The relay's own settings: what they are for librdkafka by default, the Java client is told. It
/// takes whole milliseconds to linger, and does better with some.
const SAME_SETTINGS: [&str; 6] = [
    "acks=all",
    "enable.idempotence=true",
    "compression.type=zstd",
    "linger.ms=2",
    "batch.size=1000000",
    "buffer.memory=67108864",
];

/// Records like ours, in a file that the tool can read.
pub(crate) struct Peer {
    records: NamedTempFile,
}

impl Peer {
    /// The tool reads its file as lines of text. So each byte of ours that is none of ASCII's
    /// printable ones becomes one of them; everything else stays, as does the length.
    pub(crate) fn prepare(content: &Content) -> Self {
        let mut records = NamedTempFile::new().expect("a file for the records");
        for sample in &content.samples {
            let mut line: Vec<u8> = sample.iter().map(|byte| printable(*byte)).collect();
            line.push(b'\n');
            records.write_all(&line).expect("a record");
        }
        records.flush().expect("the records");
        Self { records }
    }

    /// Records per second, as it says itself, after its warm-up.
    pub(crate) fn run(&self, topic: &str, records: u64) -> u64 {
        let total = (WARM_UP_RECORDS + records).to_string();
        let libraries = invoiceapp_parts::variable("STACK_KAFKA_LIBRARIES");
        let output = Command::new(invoiceapp_parts::variable("STACK_JAVA_PROGRAM"))
            .args(["-Xmx512m", "-cp", &libraries, CLASS])
            .args(["--bootstrap-server", &invoiceapp_parts::kafka_brokers()])
            .args(["--topic", topic, "--num-records", &total])
            .args(["--warmup-records", &WARM_UP_RECORDS.to_string()])
            .args(["--throughput", "-1", "--payload-file"])
            .arg(self.records.path())
            .arg("--command-property")
            .args(SAME_SETTINGS)
            .output()
            .expect("java");
        let text = String::from_utf8_lossy(&output.stdout);
        let wanted = format!("{records} steady state records sent, ");
        let line = text.lines().find_map(|line| line.strip_prefix(&wanted));
        let whole = line.and_then(|line| line.split_once('.'));
        let rate = whole.and_then(|(whole, _)| whole.parse().ok());
        let error = String::from_utf8_lossy(&output.stderr);
        rate.unwrap_or_else(|| unreachable!("{CLASS} says: {text} {error}"))
    }
}

fn printable(byte: u8) -> u8 {
    match byte & 0x7f {
        control @ 0..0x20 => control | 0x20,
        0x7f => b'~',
        printable => printable,
    }
}
