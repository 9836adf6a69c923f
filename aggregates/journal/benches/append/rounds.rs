//! Rounds, medians and the table. In integers: the workspace has no float.

/// What one contender came to, round by round.
pub(crate) struct Series {
    name: &'static str,
    values: Vec<u64>,
}

impl Series {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            values: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, value: u64) {
        self.values.push(value);
    }
}

/// Lower quartile, median and upper quartile.
fn quartiles(mut values: Vec<u64>) -> [u64; 3] {
    values.sort_unstable();
    let at = |quarter: usize| values.get(values.len() * quarter / 4).copied().unwrap_or(0);
    [at(1), at(2), at(3)]
}

/// A ratio in hundredths.
fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

/// Prints each series, and each ratio of one series to another, round by round.
pub(crate) fn report(series: &[Series], ratios: &[(&str, &Series, &Series)]) {
    for series in series {
        let [low, median, high] = quartiles(series.values.clone());
        println!("  {:<48} {median:>8}   [{low}, {high}]", series.name);
    }
    println!("  median of the rounds' ratios [lower, upper quartile]");
    for (name, of, to) in ratios {
        let pairs = of.values.iter().zip(&to.values);
        let [low, median, high] = quartiles(pairs.map(|(of, to)| of * 100 / to.max(&1)).collect());
        let [low, median, high] = [low, median, high].map(hundredths);
        println!("  {name:<48} {median:>8}   [{low}, {high}]");
    }
}
