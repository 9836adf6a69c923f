//! Medians and the table. In integers: the workspace has no float.

use std::time::Duration;

/// One table of everything that was measured.
pub(crate) struct Table(Vec<[String; 4]>);

impl Table {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// A value that was read once.
    pub(crate) fn value(&mut self, what: &str, limit: &str, value: &str) {
        self.row(what, limit, value, "");
    }

    /// Median, lowest and highest of several durations.
    pub(crate) fn durations(&mut self, what: &str, limit: &str, values: &mut [Duration]) {
        values.sort_unstable();
        let at = |place: usize| values.get(place).copied().map(milliseconds);
        let spread = at(0).zip(at(values.len() - 1));
        let spread = spread.map(|(low, high)| format!("[{low}, {high}]"));
        let median = at(values.len() / 2).unwrap_or_default();
        self.row(
            &format!("{what}, ms"),
            limit,
            &median,
            &spread.unwrap_or_default(),
        );
    }

    /// Median, lowest and highest of the rounds' own ratios.
    pub(crate) fn ratios(&mut self, what: &str, limit: &str, of: &[Duration], to: &[Duration]) {
        let mut ratios: Vec<u128> = of
            .iter()
            .zip(to)
            .map(|(of, to)| of.as_nanos() * 100 / to.as_nanos().max(1))
            .collect();
        ratios.sort_unstable();
        let at = |place: usize| ratios.get(place).copied().map(hundredths);
        let spread = at(ratios.len() / 4).zip(at(ratios.len() * 3 / 4));
        let spread = spread.map(|(low, high)| format!("quartiles [{low}, {high}]"));
        let median = at(ratios.len() / 2).unwrap_or_default();
        self.row(what, limit, &median, &spread.unwrap_or_default());
    }

    fn row(&mut self, what: &str, limit: &str, median: &str, spread: &str) {
        let row = [what, median, limit, spread];
        self.0.push(row.map(ToOwned::to_owned));
    }

    pub(crate) fn print(&self) {
        println!("  {:<52} {:>10} {:>6}", "", "median", "limit");
        for [what, median, limit, spread] in &self.0 {
            println!("  {what:<52} {median:>10} {limit:>6}   {spread}");
        }
    }
}

fn hundredths(value: u128) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

/// Milliseconds with two decimals.
pub(crate) fn milliseconds(duration: Duration) -> String {
    hundredths(duration.as_micros() / 10)
}

/// KiB as MiB with one decimal.
pub(crate) fn tenths_of_mib(kib: u64) -> String {
    let tenths = kib * 10 / 1_024;
    format!("{}.{}", tenths / 10, tenths % 10)
}
