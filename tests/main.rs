//! Weir's integration tests: one binary, a module a topic. Names are claims.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

/// What several modules need: sources, sinks, a bench.
mod support;

/// The demand protocol between running stages, under virtual time.
mod stages;

/// Aborts: what was delivered and not begun goes back.
mod aborts;

/// Demand near the end of the numbers.
mod huge;

/// Running stages under random scripts: every event is begun exactly once.
mod script;

/// Running stages on several threads under random scripts, with a ledger.
mod threads;

/// What moving events allocates: one `Vec` a batch.
mod allocations;

/// The house rules: floors, purity, length.
mod floors;

/// Documents: links, paths, and the map of the modules.
mod documents;

/// GenStage's behaviours, row by row.
mod conformance;

/// Broadcast, partition and fair dispatch between running stages.
mod dispatch;

/// The pool: concurrency, resizing, requeueing, panics.
mod pool;

/// A pool's subscription: one on a broadcast or a partition, and its options.
mod pool_options;

/// Events that fail: attempts, backoff, deadlines, dead letters.
mod retry;

/// Pipelines: put together, changed while they run, inspected, and ended.
mod pipeline;

/// The drain of a pipeline whose source collects its events one by one.
mod drain;

/// Supervision: who is restarted, in what order, after what wait, and when not.
mod supervise;

/// The queue and its four policies, against a naive model.
mod queue;

/// What a person is told about a broken configuration.
mod config;

/// The whole bench under virtual time: modes, drain times, ledger, reload.
mod workbench;

/// The verdict on benches of which the truth is known from their configuration.
mod verdict;

/// The bench and a load on it under virtual time.
mod simulate;

/// The numbers themselves, against closed forms, theory and a second count.
mod numbers;

/// The recorder: where one run ends and the next begins, and what is in it.
mod runs;

/// The page's declared types against what the server sends.
mod page;

/// The load generator: its HTTP client against odd servers and our own.
mod load;

/// The router, called without a socket.
mod http;

/// What every answer of the router carries: ids, advice, headers, sentences.
mod answers;

/// The workshop over HTTP: predictions, hints, checks.
mod exercises;

/// The workshop in the terminal: figures, names, watching.
mod workshop;

/// The completions, in fish and in zsh.
mod shells;
/// What the exercises say: numbers, commands, paths.
mod texts;

/// How everything is written: banned phrases, questions.
mod english;

/// A real socket: HTTP/1.0 and 1.1, hostile clients, the live stream.
mod server;

/// The examples that the README names are there, and say what they show.
mod examples;

/// The binary: exit codes, signals, reports.
mod binary;

/// The binary's commands about loads and runs.
mod commands;

/// Words from outside, in everything that is printed.
mod foreign;

/// Broken files of every kind are read or refused.
mod hostile;

/// Outside programs that check our numbers and formats. Ignored where they may
/// not be installed.
mod programs;
