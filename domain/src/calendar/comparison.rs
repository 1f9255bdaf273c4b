//! The period that a report is compared with.
//!
//! Here: as many months or days before, and the same days of the month, quarter or year before.
//! Not here: reading the usage of either.

use jiff::{
    Span, Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use super::{CalendarError, date_of, start_of_day};

/// A part of the calendar that begins with the first day of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarPeriod {
    /// A month.
    Month,
    /// Three months from January, April, July or October on.
    Quarter,
    /// Twelve months from January on.
    Year,
}

impl CalendarPeriod {
    /// From the shortest to the longest.
    const ALL: [Self; 3] = [Self::Month, Self::Quarter, Self::Year];

    const fn months(self) -> i32 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    /// Whether a period is this one's beginning, or all of it.
    ///
    /// # Errors
    /// If the period reaches outside the calendar.
    pub fn begins_with(
        self,
        period: (Timestamp, Timestamp),
        zone: &TimeZone,
    ) -> Result<bool, CalendarError> {
        let months = Months::of(period, zone)?;
        Ok(months.is_some_and(|months| months.begin(self)))
    }
}

/// A period that begins with the first day of a month.
struct Months {
    first: Date,
    /// The last day that the period has a part of.
    last: Date,
    /// The time of the last day at which the period ends; `None` if it has the whole day.
    until: Option<Time>,
}

impl Months {
    fn of(
        (from, to): (Timestamp, Timestamp),
        zone: &TimeZone,
    ) -> Result<Option<Self>, CalendarError> {
        let (first, end) = (date_of(from, zone), date_of(to, zone));
        if first.day() != 1 || start_of_day(first, zone)? != from {
            return Ok(None);
        }
        let is_whole_day = start_of_day(end, zone)? == to;
        let last = if is_whole_day { end.yesterday()? } else { end };
        let time = zone.to_datetime(to).time();
        let until = (!is_whole_day).then_some(time);
        Ok((first <= last).then_some(Self { first, last, until }))
    }

    /// How many months the period has a part of.
    fn count(&self) -> i32 {
        let years = i32::from(self.last.year()) - i32::from(self.first.year());
        years * 12 + i32::from(self.last.month()) - i32::from(self.first.month()) + 1
    }

    /// Whether it ends with the last day of a month.
    fn are_whole(&self) -> bool {
        self.until.is_none() && self.last.day() == self.last.days_in_month()
    }

    fn begin(&self, period: CalendarPeriod) -> bool {
        let month = i32::from(self.first.month()) - 1;
        month % period.months() == 0 && self.count() <= period.months()
    }

    /// The same days, so many months before. Whole months are compared with whole months, and days
    /// that the earlier month doesn't have are left out.
    fn before(
        &self,
        months: i32,
        zone: &TimeZone,
    ) -> Result<(Timestamp, Timestamp), CalendarError> {
        let months = Span::new().try_months(months)?;
        let from = start_of_day(self.first.checked_sub(months)?, zone)?;
        // If the month has no such day, this is its last one.
        let last = self.last.checked_sub(months)?;
        let to = match self.until {
            Some(time) if last.day() == self.last.day() => {
                zone.to_timestamp(last.to_datetime(time))?
            }
            _ if self.are_whole() => start_of_day(last.last_of_month().tomorrow()?, zone)?,
            _ => start_of_day(last.tomorrow()?, zone)?,
        };
        Ok((from, to))
    }
}

/// The period that a period is compared with (law T7).
///
/// If it is the beginning of `part_of`, it is the same days of the month, quarter or year before.
/// Without `part_of`, whole months are compared with as many months before; a period that begins
/// with the first day of a month and ends within one, with the same days of the month, quarter or
/// year before, the shortest of which it is the beginning, or of as many months before. All others
/// are compared with as many days before, or as much time if they aren't whole days.
///
/// # Errors
/// If it reaches outside the calendar.
pub fn period_before(
    (from, to): (Timestamp, Timestamp),
    zone: &TimeZone,
    part_of: Option<CalendarPeriod>,
) -> Result<(Timestamp, Timestamp), CalendarError> {
    if let Some(months) = Months::of((from, to), zone)? {
        let shortest = || {
            let mut periods = CalendarPeriod::ALL.into_iter();
            periods.find(|period| !months.are_whole() && months.begin(*period))
        };
        let part_of = part_of
            .filter(|period| months.begin(*period))
            .or_else(shortest);
        let count = part_of.map_or_else(|| months.count(), CalendarPeriod::months);
        return months.before(count, zone);
    }
    let (first, last) = (date_of(from, zone), date_of(to, zone));
    let are_days = start_of_day(first, zone)? == from && start_of_day(last, zone)? == to;
    let before = if are_days {
        start_of_day(first.checked_sub(last - first)?, zone)?
    } else {
        from.checked_sub(from.duration_until(to))?
    };
    Ok((before, from))
}

#[cfg(test)]
mod tests;
