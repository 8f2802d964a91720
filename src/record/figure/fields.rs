//! The figures of each part of a run, one a line: the name in Rust, the unit, and the
//! field, whose path in JSON it also is.

use super::Unit;
use crate::record::{BenchSide, ClientSide, LedgerState, ModeSide};

/// What can be read as a figure.
pub(crate) trait Number {
    /// Its value; `None` if there is none.
    fn number(&self) -> Option<f64>;
}

impl Number for u64 {
    fn number(&self) -> Option<f64> {
        Some(*self as f64)
    }
}

impl Number for usize {
    fn number(&self) -> Option<f64> {
        Some(*self as f64)
    }
}

impl Number for i64 {
    fn number(&self) -> Option<f64> {
        Some(*self as f64)
    }
}

impl Number for f64 {
    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl Number for bool {
    fn number(&self) -> Option<f64> {
        Some(f64::from(u8::from(*self)))
    }
}

impl<N: Number> Number for Option<N> {
    fn number(&self) -> Option<f64> {
        self.as_ref()?.number()
    }
}

/// Declares an enum of names, such as `Ok = "ok"`.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)*
        }

        impl $name {
            pub(crate) const NAMES: &'static [&'static str] = &[$($text),*];

            pub(crate) fn named(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

/// Declares an enum of the figures of a struct, such as `Sent Count sent`.
macro_rules! figures {
    ($(#[$doc:meta])* $name:ident of $side:ty {
        $($variant:ident $unit:ident $first:ident $(. $rest:ident)*,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", stringify!($first), $(".", stringify!($rest),)* "`.")] $variant,)*
        }

        impl $name {
            pub(crate) const NAMES: &'static [&'static str] =
                &[$(concat!(stringify!($first) $(, ".", stringify!($rest))*)),*];

            pub(crate) fn named(name: &str) -> Option<Self> {
                const ALL: &[$name] = &[$($name::$variant),*];
                Self::NAMES.iter().position(|known| *known == name).map(|place| ALL[place])
            }

            pub(crate) fn name(self) -> &'static str {
                Self::NAMES[self as usize]
            }

            /// The unit of the figure.
            pub fn unit(self) -> $crate::record::Unit {
                match self {
                    $(Self::$variant => $crate::record::Unit::$unit,)*
                }
            }

            pub(crate) fn of(self, side: &$side) -> Option<f64> {
                use $crate::record::Number as _;
                match self {
                    $(Self::$variant => side.$first $(. $rest)*.number(),)*
                }
            }
        }
    };
}

pub(crate) use {figures, names};

figures! {
    /// What the generator counted.
    ClientFigure of ClientSide {
        Sent Count sent,
        Ok Count ok,
        Refused Count refused,
        Failed Count failed,
        Aborted Count aborted,
        Unsent Count unsent,
        Waited Count waited,
        Repeated Count repeated,
        Seconds Time seconds,
        Rate Rate rate,
        Bytes Count bytes,
        InFlight Count in_flight,
        InFlightDue Count in_flight_due,
        Cpu Share cpu,
        Starved Share starved,
        ServerCpu Share server_cpu,
        OtherCpu Share other_cpu,
        ServerStarved Share server_starved,
        StallCount Count stalls.count,
        StallSeconds Time stalls.seconds,
        LongestStall Time stalls.longest_s,
        Interrupted Flag interrupted,
    }
}

figures! {
    /// What the bench counted over all modes.
    BenchFigure of BenchSide {
        Seconds Time seconds,
        Drained Flag drained,
        DrainS Time drain_s,
        PeakInUse Count peak_in_use,
        PeakDepth Count peak_depth,
    }
}

figures! {
    /// The account of every event.
    LedgerFigure of LedgerState {
        Accepted Count accepted,
        Recovered Count recovered,
        Done Count done,
        Failed Count failed,
        Dropped Count dropped,
        Held Count held,
        Shared Count shared,
        Rejected Count rejected,
        Unaccounted Count unaccounted,
    }
}

figures! {
    /// What one mode counted.
    ModeFigure of ModeSide {
        Requests Count requests,
        Errors Count errors,
        Aborted Count aborted,
        Seconds Time seconds,
        Rate Rate rate,
        DoneRate Rate done_rate,
        Accepted Count accepted,
        InsideBefore Count inside_before,
        Refused Count refused,
        Done Count done,
        Failed Count failed,
        Dropped Count dropped,
        PeakInUse Count peak_in_use,
        InSystem Count in_system,
    }
}

names! {
    /// From when a client's time runs.
    ClientTiming { Service "service" Response "response" }
}

names! {
    /// What the answer was.
    AnswerKind { Ok "ok" Refused "refused" Failed "failed" }
}

names! {
    /// The times that a mode keeps.
    ModeTiming {
        Http "http"
        HttpErrors "http_errors"
        Wait "wait"
        Service "service"
        Response "response"
        ResponseFailed "response_failed"
    }
}

names! {
    /// What is taken from a distribution of times.
    Statistic {
        Count "count"
        Mean "mean_ms"
        P50 "p50_ms"
        P90 "p90_ms"
        P99 "p99_ms"
        P999 "p999_ms"
        Max "max_ms"
    }
}

impl Statistic {
    /// The unit of the statistic.
    pub fn unit(self) -> Unit {
        if self == Self::Count { Unit::Count } else { Unit::Time }
    }
}
