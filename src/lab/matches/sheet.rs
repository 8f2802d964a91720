//! The team sheet: the facts of a match that are known before it begins and never change.

use serde::{Deserialize, Serialize};

use super::Side;

/// The number of players of a team at kick-off.
const STARTERS: usize = 11;

/// A player of a team sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Player {
    /// The shirt number, unique in the team.
    pub number: u8,
    /// The name.
    pub name: String,
}

/// A team. The first eleven players start on the pitch, and the others on the bench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// The name.
    pub name: String,
    /// The players.
    pub players: Vec<Player>,
}

impl Team {
    /// Makes a team of players numbered from 1.
    pub fn new(name: &str, players: &[&str]) -> Self {
        let player = |(number, name): (u8, &&str)| Player { number, name: (*name).to_owned() };
        Self { name: name.to_owned(), players: (1..).zip(players).map(player).collect() }
    }

    /// Returns the place of a player in [`players`](Self::players).
    pub fn position(&self, number: u8) -> Option<usize> {
        self.players.iter().position(|player| player.number == number)
    }

    /// Returns true if the player at this place starts on the pitch.
    pub fn starts(position: usize) -> bool {
        position < STARTERS
    }
}

/// The sheet of a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// The name of the match in paths, such as `weir-sluice`.
    pub id: String,
    /// The stadium.
    pub stadium: String,
    /// The home team and the away team.
    pub teams: [Team; 2],
}

impl Sheet {
    /// Returns a team.
    pub fn team(&self, side: Side) -> &Team {
        &self.teams[side.index()]
    }

    /// Makes the sheet of a sample match. Number 1 is Weir against Sluice; each further number
    /// is another pair, until they repeat after 12.
    pub fn sample(number: usize) -> Self {
        let pairs = CLUBS.len() * (CLUBS.len() - 1);
        let pair = number.max(1) - 1;
        let (home, step) = (pair % pairs / (CLUBS.len() - 1), pair % (CLUBS.len() - 1) + 1);
        let away = (home + step) % CLUBS.len();
        let id = format!("{}-{}", CLUBS[home].0, CLUBS[away].0).to_lowercase();
        let id = if pair < pairs { id } else { format!("{id}-{}", pair / pairs + 1) };
        let team = |club: usize| Team::new(CLUBS[club].0, &CLUBS[club].2);
        Self { id, stadium: CLUBS[home].1.to_owned(), teams: [team(home), team(away)] }
    }
}

/// Clubs: name, stadium, eleven starters and five players on the bench.
const CLUBS: [(&str, &str, [&str; 16]); 4] = [
    (
        "Weir",
        "Lock Road",
        [
            "Aldous", "Byrne", "Castell", "Dray", "Ekström", "Fane", "Garrick", "Holm", "Marques", "Ibbot",
            "Jarvis", "Kettle", "Lund", "Moss", "Norrby", "Oakes",
        ],
    ),
    (
        "Sluice",
        "Gate Lane",
        [
            "Abara", "Bloom", "Crane", "Dufour", "Easton", "Ferro", "Greaves", "Hale", "Ivory", "Jensen",
            "Krol", "Lister", "Mbeki", "Nash", "Okoro", "Pell",
        ],
    ),
    (
        "Lockgate",
        "Basin Park",
        [
            "Ames", "Brandt", "Colley", "Dahl", "Esposito", "Finch", "Guthrie", "Hopper", "Imre", "Joyce",
            "Katz", "Lowry", "Mears", "Novak", "Ortega", "Penn",
        ],
    ),
    (
        "Millrace",
        "The Tailrace",
        [
            "Ashby", "Bosko", "Cole", "Denholm", "Egan", "Frost", "Gower", "Hurst", "Ito", "Jory", "Keane",
            "Lamb", "Mora", "Nyström", "Orr", "Pike",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn sample_matches_have_two_different_teams_and_names_of_their_own() {
        let ids: HashSet<String> = (1..=30).map(|number| Sheet::sample(number).id).collect();
        assert_eq!(ids.len(), 30);
        assert!(ids.contains("weir-sluice"));
        for number in 1..=30 {
            let sheet = Sheet::sample(number);
            assert_ne!(sheet.teams[0].name, sheet.teams[1].name);
        }
    }
}
