//! Weir's integration tests: one binary, a module a topic. Names are claims.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

/// Helpers of several modules: sources, sinks, a bench.
mod support;

/// The demand protocol between running stages, under virtual time.
mod stages;

/// Aborts: events that were delivered and not begun are requeued.
mod aborts;

/// Demand near the largest number.
mod huge;

/// Running stages under random scripts: every event is begun exactly once.
mod script;

/// Running stages on several threads under random scripts, with a ledger.
mod threads;

/// Allocations while events move: one `Vec` a batch.
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

/// Workers of a pool that are killed: what they held, and their successors.
mod pool_kill;

/// A pool's subscription: one on a broadcast or a partition, and its options.
mod pool_options;

/// Events that fail: attempts, backoff, deadlines, dead letters.
mod retry;

/// Pipelines: put together, changed while they run, inspected, and ended.
mod pipeline;

/// The drain of a pipeline whose source collects its events one by one.
mod drain;

/// Supervision: which children restart, in what order, after what wait, and when none does.
mod supervise;

/// The queue and its four policies, against a naive model.
mod queue;

/// The messages about a broken configuration.
mod config;

/// Changes of the configuration over HTTP, and back into its file.
mod edits;

/// The whole bench under virtual time: modes, drain times, ledger, reload.
mod workbench;

/// The endpoints with jobs in place of the mock.
mod worked_by_jobs;

/// The jobs lab over HTTP: every route, its access rules and its refusals.
mod jobs;

/// The verdict on benches whose true state follows from their configuration.
mod verdict;

/// The bench and a load on it under virtual time.
mod simulate;

/// The numbers themselves, against closed forms, theory and a second count.
mod numbers;

/// The recorder: where one run ends and the next begins, and what a run contains.
mod runs;

/// The history: columns, marks, and the points after a moment.
mod history;

/// What theory and simulation expect of a load before it is made.
mod expect;

/// The page's declared types against what the server sends.
mod page;

/// The load generator: its HTTP client against odd servers and our own.
mod load;

/// The router, called without a socket.
mod http;

/// Compressed answers: encodings, tags, and answers that must stay as they are.
mod encodings;

/// Stages and workers over HTTP: killed, restarted, paused.
mod components;

/// The bytes that a load of the page takes.
mod weight;

/// Parts of every answer of the router: ids, advice, headers, sentences.
mod answers;

/// The workshop over HTTP: predictions, hints, checks.
mod exercises;

/// The workshop in the terminal: figures, names, watching.
mod workshop;

/// Shell completions in fish and in zsh.
mod shells;

/// The texts of the exercises: numbers, commands, paths.
mod texts;

/// The language rules: banned phrases, questions.
mod english;

/// A real socket: HTTP/1.0 and 1.1, hostile clients, the live stream.
mod server;

/// Examples: the README names them, and each says what it shows.
mod examples;

/// The binary: exit codes, signals, reports.
mod binary;

/// The binary's commands about loads and runs.
mod commands;

/// Text from outside, wherever Weir prints it.
mod foreign;

/// Broken files of every kind are read or refused.
mod hostile;

/// Outside programs that check our numbers and formats. These tests are ignored by default,
/// because the programs may not be installed.
mod programs;
