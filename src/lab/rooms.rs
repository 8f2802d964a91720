//! The rooms lab: games whose state is kept in processes instead of a database.

pub mod werewolf;
