//! What could not be understood of a file, so many times as people read.

use std::fmt;

/// More than a person reads, and little enough that a file of nothing but faults stays small.
const MAX: usize = 100;

#[derive(Debug, Default)]
pub(crate) struct Problems {
    told: Vec<String>,
    count: usize,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: fmt::Arguments<'_>) {
        self.count += 1;
        if self.told.len() < MAX {
            self.told.push(problem.to_string());
        }
    }

    /// How many there were, told or not.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn into_list(mut self) -> Vec<String> {
        let more = self.count - self.told.len();
        if more > 0 {
            self.told.push(format!("and {more} more like these"));
        }
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_told_and_the_rest_counted() {
        let mut problems = Problems::default();
        for number in 0..MAX + 7 {
            problems.push(format_args!("problem {number}"));
        }
        assert_eq!(problems.count(), MAX + 7);
        let told = problems.into_list();
        assert_eq!(told.len(), MAX + 1);
        assert_eq!(told.first().unwrap(), "problem 0");
        assert_eq!(told.last().unwrap(), "and 7 more like these");
    }
}
