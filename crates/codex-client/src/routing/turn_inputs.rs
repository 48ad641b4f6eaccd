//! The inputs of one thread, and the turns that took them. Performs no I/O.
//!
//! The input of a `turn/start` on a busy thread joins the running turn, or gets a turn of its own if
//! it comes too late. Servers up to 0.147 respond in the same way in both cases: see
//! [`join_stage`](crate::routing::join_stage). A turn completes a user message for each input that it
//! has taken, and the message has the content of the input. The messages therefore show which turn
//! has taken which input.
//!
//! Several inputs may have the same content. A message is then that of the turn's own input, of an
//! input by which the turn was steered, or of an input that has joined the turn, in this order: a
//! server that accepts a steer adds its input to the turn, and an input that is sent later joins
//! later. Three cases cannot be told apart:
//!
//! - The input of another client that has the same content. A message names neither its client nor
//!   its request.
//! - An input that has joined, and the input of a steer with the same content whose refusal is
//!   received after the end of the turn. The input counts as that of the steer.
//! - The input of a `turn/start` whose handle is gone. It has the same content and a turn of its own,
//!   but counts as one that has joined.

use crate::rpc::user_message::ContentHash;

/// Maximum number of inputs, and of messages. The oldest ones are forgotten first.
const MAX_INPUTS: usize = 1024;

/// Identifies an input that was sent.
#[derive(Debug)]
pub(crate) struct InputId {
    pub(crate) thread_id: String,
    /// The number of the input, which differs from those of all other inputs.
    pub(crate) number: u64,
}

/// The inputs that this client has sent to a thread, and the user messages of the turns of the
/// thread since then.
#[derive(Debug, Default)]
pub(crate) struct TurnInputs {
    sent: Vec<SentInput>,
    messages: Vec<UserMessage>,
}

#[derive(Debug)]
struct SentInput {
    number: u64,
    content: ContentHash,
    target: Target,
}

#[derive(Debug, PartialEq)]
enum Target {
    /// The turn that a steer names.
    Running(String),
    /// A turn that is to be started; no response has named it.
    Unnamed,
    /// The turn that the response names. If it has not begun, the input may have joined another one.
    Named { turn_id: String, has_begun: bool },
    /// No caller waits for the turn that takes the input.
    Abandoned,
}

#[derive(Debug)]
struct UserMessage {
    turn_id: String,
    content: ContentHash,
    /// The number of the first input that was sent after the message was received.
    before: u64,
}

impl TurnInputs {
    /// Adds the input of a `turn/start`, or of a `turn/steer` that names this turn. The numbers of
    /// inputs increase.
    pub(crate) fn sent(&mut self, number: u64, content: ContentHash, steered_turn: Option<String>) {
        if self.sent.len() >= MAX_INPUTS {
            self.sent.remove(0);
        }
        self.sent.push(SentInput {
            number,
            content,
            target: steered_turn.map_or(Target::Unnamed, Target::Running),
        });
    }

    /// Removes an input that was not sent, or that the server has refused.
    pub(crate) fn remove(&mut self, number: u64) {
        self.sent.retain(|input| input.number != number);
    }

    /// Records the turn that the response names; `None` if no caller waits for the turn.
    pub(crate) fn responded(&mut self, number: u64, turn_id: Option<&str>, has_begun: bool) {
        let mut sent = self.sent.iter_mut();
        let input = sent.find(|input| input.number == number);
        if let Some(input) = input.filter(|input| input.target == Target::Unnamed) {
            input.target = match turn_id.map(ToOwned::to_owned) {
                Some(turn_id) => Target::Named { turn_id, has_begun },
                None => Target::Abandoned,
            };
        }
    }

    /// Records that an event names a turn: the input whose response names it is its own.
    pub(crate) fn turn_began(&mut self, id: &str) {
        for input in &mut self.sent {
            if let Target::Named { turn_id, has_begun } = &mut input.target {
                *has_begun |= turn_id == id;
            }
        }
    }

    /// Whether user messages are of interest.
    pub(crate) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Adds a completed user message of a turn. The next input will have the number `next`.
    pub(crate) fn message(&mut self, turn_id: &str, content: ContentHash, next: u64) {
        if self.messages.len() >= MAX_INPUTS {
            self.messages.remove(0);
        }
        self.messages.push(UserMessage {
            turn_id: turn_id.to_owned(),
            content,
            before: next,
        });
    }

    /// Returns the turns that responses name whose inputs this turn has taken.
    pub(crate) fn taken_by(&self, turn_id: &str) -> Vec<&str> {
        let messages = self.messages.iter();
        let mut messages: Vec<_> = messages.filter(|it| it.turn_id == turn_id).collect();
        let sent = self.sent.iter();
        let mut inputs: Vec<_> = sent
            .filter_map(|input| Some((input.target.rank(turn_id)?, input)))
            .collect();
        // Stable, so that inputs of the same rank remain in the order in which they were sent.
        inputs.sort_by_key(|(rank, _)| *rank);
        let mut taken = Vec::new();
        for (_, input) in inputs {
            let mut all = messages.iter();
            let message = all.position(|message| {
                message.content == input.content && input.number < message.before
            });
            if let Some(message) = message {
                messages.remove(message);
                if let Target::Named { turn_id, .. } = &input.target {
                    taken.push(turn_id.as_str());
                }
            }
        }
        taken
    }

    /// Keeps only what concerns the turns that have a route, and the inputs whose responses are
    /// pending.
    pub(crate) fn retain(&mut self, routes: &[&str]) {
        let has_route = |turn_id: &String| routes.contains(&turn_id.as_str());
        self.messages.retain(|message| has_route(&message.turn_id));
        self.sent.retain(|input| match &input.target {
            Target::Running(turn_id) | Target::Named { turn_id, .. } => has_route(turn_id),
            Target::Unnamed => true,
            Target::Abandoned => !routes.is_empty(),
        });
    }
}

impl Target {
    /// Returns the order in which the inputs take the messages of a turn; `None` if the turn cannot
    /// have taken the input.
    fn rank(&self, turn: &str) -> Option<u8> {
        match self {
            Self::Named { turn_id, .. } if turn_id == turn => Some(0),
            Self::Running(turn_id) if turn_id == turn => Some(1),
            Self::Running(_)
            | Self::Named {
                has_begun: true, ..
            } => None,
            Self::Named { .. } | Self::Unnamed | Self::Abandoned => Some(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::user_message::content;

    /// Inputs that are sent and messages that are completed in an order.
    #[derive(Default)]
    struct Order {
        inputs: TurnInputs,
        next: u64,
    }

    impl Order {
        fn steer(&mut self, text: &str) -> u64 {
            self.send(text, Some("u"))
        }

        /// Starts the turn with this id.
        fn start(&mut self, text: &str, turn_id: &str) {
            let number = self.send(text, None);
            self.inputs.responded(number, Some(turn_id), false);
        }

        fn send(&mut self, text: &str, steered_turn: Option<&str>) -> u64 {
            let steered_turn = steered_turn.map(ToOwned::to_owned);
            self.inputs.sent(self.next, content(text), steered_turn);
            self.next += 1;
            self.next - 1
        }

        fn message(&mut self, text: &str) {
            self.inputs.message("u", content(text), self.next);
        }

        fn taken(&self) -> Vec<&str> {
            self.inputs.taken_by("u")
        }
    }

    #[test]
    fn a_message_is_that_of_the_input_with_its_content() {
        let mut order = Order::default();
        order.start("one", "u");
        order.start("two", "x");
        order.start("three", "y");
        order.message("one");
        order.message("three");
        assert_eq!(order.taken(), ["u", "y"]);
        // The messages of other turns do not count.
        order.inputs.message("v", content("two"), order.next);
        assert_eq!(order.taken(), ["u", "y"]);
        order.message("two");
        assert_eq!(order.taken(), ["u", "x", "y"]);
    }

    #[test]
    fn of_equal_inputs_the_own_one_comes_first_and_the_others_in_the_order_of_the_requests() {
        let mut order = Order::default();
        for turn_id in ["u", "x", "y"] {
            order.start("go", turn_id);
        }
        for taken in [&["u"][..], &["u", "x"], &["u", "x", "y"]] {
            order.message("go");
            assert_eq!(order.taken(), taken);
        }
    }

    #[test]
    fn an_input_has_no_message_that_was_completed_before_it_was_sent() {
        let mut order = Order::default();
        order.message("go");
        order.start("go", "x");
        assert!(order.taken().is_empty());
        order.message("go");
        assert_eq!(order.taken(), ["x"]);
    }

    #[test]
    fn the_message_of_a_steer_is_not_that_of_an_equal_input_unless_the_steer_is_refused() {
        let mut order = Order::default();
        order.start("go", "x");
        let steer = order.steer("go");
        order.message("go");
        assert!(order.taken().is_empty());
        order.inputs.remove(steer);
        assert_eq!(order.taken(), ["x"]);
    }

    #[test]
    fn an_input_whose_turn_has_begun_or_whose_caller_is_gone_counts_for_no_other() {
        let mut order = Order::default();
        order.start("go", "x");
        order.start("go", "y");
        order.inputs.turn_began("x");
        order.message("go");
        assert_eq!(order.taken(), ["y"]);

        let mut order = Order::default();
        let number = order.send("go", None);
        order.start("go", "y");
        order.inputs.responded(number, None, false);
        order.message("go");
        assert!(order.taken().is_empty());
    }

    #[test]
    fn nothing_is_kept_of_turns_without_a_route() {
        let mut order = Order::default();
        order.start("one", "u");
        order.start("two", "x");
        order.steer("three");
        let abandoned = order.send("four", None);
        order.inputs.responded(abandoned, None, false);
        order.send("five", None);
        order.message("one");
        order.inputs.retain(&["u", "x"]);
        assert_eq!(
            (order.inputs.sent.len(), order.inputs.messages.len()),
            (5, 1)
        );
        order.inputs.retain(&["x"]);
        assert_eq!(
            (order.inputs.sent.len(), order.inputs.messages.len()),
            (3, 0)
        );
        order.inputs.retain(&[]);
        assert_eq!(order.inputs.sent.len(), 1);
    }
    #[test]
    fn the_number_of_inputs_and_messages_is_bounded() {
        let mut order = Order::default();
        for number in 0..10_000 {
            order.send("go", None);
            order.message(&number.to_string());
        }
        assert_eq!(order.inputs.sent.len(), MAX_INPUTS);
        assert_eq!(order.inputs.messages.len(), MAX_INPUTS);
    }
}
