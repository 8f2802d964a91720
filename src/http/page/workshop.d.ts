// What the server says of the workshop: the set, an exercise, a check and its result.
//
// Responsible for: the fields that the pages read, and their JSON types. tests/page_types.rs holds each
// declared field against the server's answers.

import type { Progress } from './run.d.ts';

export type Answer = number | string;

/** `GET /api/exercises`. */
export interface ExerciseSet {
  title: string;
  parts: string[];
  exercises: ListedExercise[];
}

export interface ListedExercise {
  id: string;
  title: string;
  part: number;
  minutes: number;
  hard: boolean;
  code: boolean;
  questions: number;
  predicted: number;
  checks: number;
  finished: string | null;
  needs: Need | null;
}

/** What an exercise needs and the server does not have. */
export interface Need {
  what: string;
  /** It ends with the list of what is missing. */
  sentence: string;
  missing: string[];
}

/** `GET /api/exercises/ID`. */
export interface Exercise {
  id: string;
  title: string;
  part: number;
  part_title: string | null;
  minutes: number;
  hard: boolean;
  html: ExerciseHtml;
  needs: Need | null;
  config: string[];
  loads: ExerciseLoad[];
  questions: Question[];
  code: CodeTask | null;
  state: ExerciseState;
  hints_in_all: number;
  next: NextExercise | null;
}

/** Texts that the server has rendered from Markdown. */
export interface ExerciseHtml {
  text: string;
  explanation: string | null;
  hints: string[];
}

export interface ExerciseLoad {
  name: string;
  run: string;
  command: string;
  config: string[];
  faster: number;
  edits: Edit[];
}

export interface Edit {
  after: string;
  set: string;
}

export interface Question {
  name: string;
  unit: string;
  choices: string[];
  html: QuestionHtml;
}

export interface QuestionHtml {
  ask: string;
  choices: string[];
}

export interface CodeTask {
  file: string;
  html: CodeTaskHtml;
}

export interface CodeTaskHtml {
  task: string;
}

export interface ExerciseState {
  predictions: Record<string, Answer>;
  finished: string | null;
  score: Score | null;
}

export interface Score {
  right: number;
  of: number;
}

export interface NextExercise {
  id: string;
  title: string;
}

/** `POST /api/exercises/ID/hint`. */
export interface Hints {
  html: HintsHtml;
}

export interface HintsHtml {
  hints: string[];
}

/** `POST /api/exercises/ID/solution`. */
export interface Solution {
  answers: Solved[];
  code: string | null;
  html: SolutionHtml;
}

export interface SolutionHtml {
  explanation: string;
}

export interface Solved {
  unit: string;
  answer: Answer;
  html: SolvedHtml;
}

export interface SolvedHtml {
  ask: string;
  answer: string | null;
}

/** `GET /api/exercises/ID/check`. */
export interface CheckState {
  running: boolean;
  stage: string | null;
  load: string | null;
  progress: Progress | null;
  held: number | null;
  result: Result | null;
  error: string | null;
  other: string | null;
}

export interface Result {
  passed: boolean;
  questions: Judgement[];
  code: CodeResult | null;
  remarks: string[];
  /** What the runs have observed besides, once every question is answered. */
  observed: string[];
}

export interface Judgement {
  question: string;
  unit: string;
  predicted: Answer | null;
  theory: number | null;
  simulated: Answer | null;
  measured: Answer | null;
  off: number | null;
  far: string | null;
  quiz: boolean;
  verdict: Verdict;
  html: JudgementHtml;
}

export interface JudgementHtml {
  ask: string;
  look: string;
  reveals: string | null;
  predicted: string | null;
  simulated: string | null;
  measured: string | null;
}

/** A word, or a word with a reason. */
export type Verdict = 'right' | 'missing' | WrongVerdict | UnknownVerdict;

export interface WrongVerdict {
  wrong: string | null;
}

export interface UnknownVerdict {
  unknown: string;
}

export interface CodeResult {
  passed: boolean;
  said: string;
  unwritten: string | null;
  html: CodeResultHtml;
}

export interface CodeResultHtml {
  reveals: string | null;
}
