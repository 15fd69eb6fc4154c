mod access;
mod challenges;
mod verdicts;
