//! Routes notifications to turns, threads, logins, goals and subscribers. Performs no I/O.

pub(crate) mod abandoned_turns;
pub(crate) mod active_turns;
pub(crate) mod activity;
pub(crate) mod client_id_stream;
pub(crate) mod delta_queue;
pub(crate) mod goal_tracker;
pub(crate) mod join_stage;
pub(crate) mod loaded_threads;
pub(crate) mod logins;
pub(crate) mod mailbox;
pub(crate) mod quiet_goals;
pub(crate) mod quiet_turns;
pub(crate) mod recent;
pub(crate) mod sub_agents;
pub(crate) mod subscribers;
pub(crate) mod thread_subscription;
pub(crate) mod token_usage;
pub(crate) mod turn_log;
pub(crate) mod turn_record;
pub(crate) mod turn_routes;
pub(crate) mod unreported_ends;
pub(crate) mod unsubscribed_threads;
