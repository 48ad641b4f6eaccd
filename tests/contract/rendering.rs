//! Text for people: every item and notification of the schema has one, and none can control a
//! terminal or break out of Markdown.

use codex_client::{ApprovalRequest, render};
use codex_tests::schema::{Choices, Schema, Shape};
use codex_types::{ServerNotification, ThreadItem, Turn};
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, RngSeed, TestRunner},
};
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};
use serde_json::{Value, json};

/// Texts that would do harm: to a terminal, to Markdown, or by their length.
const HARMFUL: &[&str] = &[
    "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}1A\r\n\u{8}",
    "\u{202e}txt.exe\u{2066}",
    "```\n# Turn 99\n",
    "~~~~\n<!-- \n<script>",
    "`` ` ``` ` ```` ` \n\n    code\n- ```\n```\n",
    "](<javascript:alert()>) *a* _b_ <b> &amp;\\",
    "data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "",
];

fn config() -> Config {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 16;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(169);
    }
    config
}

/// Replaces the texts of a value by harmful ones, except those that say what the value is.
fn harm(value: &mut Value, seed: &mut u32) {
    match value {
        Value::String(text) => {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let index = *seed as usize / 7 % HARMFUL.len();
            *text = HARMFUL[index].repeat(1 + *seed as usize / 3 % 3);
        }
        Value::Array(values) => values.iter_mut().for_each(|value| harm(value, seed)),
        Value::Object(members) => {
            for (name, value) in members {
                if !["type", "method", "status", "kind", "role"].contains(&name.as_str()) {
                    harm(value, seed);
                }
            }
        }
        _ => {}
    }
}

/// Runs a check with a random value of each variant of a definition.
fn each(name: &str, check: impl Fn(Value, u32)) {
    let schema = Schema::pinned();
    let definition = schema.definition(name);
    let variants = match Shape::of(definition) {
        Shape::Union(members) => u32::try_from(members.len()).unwrap(),
        _ => panic!("{name} is no union"),
    };
    assert!(variants > 15, "{variants}");
    for variant in 0..variants {
        let mut runner = TestRunner::new(config());
        let outcome = runner.run(
            &(vec(any::<u32>(), 0..80), any::<u32>()),
            |(choices, seed)| {
                let choices: Vec<_> = [variant].into_iter().chain(choices).collect();
                check(schema.make(definition, &mut Choices::new(&choices)), seed);
                Ok(())
            },
        );
        outcome.unwrap();
    }
}

/// Asserts that both forms of a text are harmless, and that the single line is one.
fn is_harmless(text: &render::Text<'_>) {
    let (line, full) = (text.to_string(), format!("{text:#}"));
    assert!(!line.trim().is_empty());
    assert!(
        !line.contains(is_harmful) && !line.contains(['\n', '\t']),
        "{line:?}"
    );
    assert!(!full.contains(is_harmful), "{full:?}");
    assert!(!full.ends_with('\n'), "{full:?}");
}

fn is_harmful(char: char) -> bool {
    (char.is_control() && !['\n', '\t'].contains(&char))
        || ('\u{202a}'..='\u{202e}').contains(&char)
        || ('\u{2066}'..='\u{2069}').contains(&char)
}

#[test]
fn every_item_has_a_text_that_is_harmless() {
    each("ThreadItem", |mut value, mut seed| {
        let item: ThreadItem = serde_json::from_value(value.clone()).unwrap();
        let text = render::item(&item);
        assert!(!text.to_string().contains("not known"), "{text}: {value}");
        is_harmless(&text);
        harm(&mut value, &mut seed);
        let item: ThreadItem = serde_json::from_value(value).unwrap();
        is_harmless(&render::item(&item));
        is_harmless(&render::item(&item).lines(1));
    });
}

#[test]
fn every_notification_has_a_text_that_is_harmless() {
    each("ServerNotification", |mut value, mut seed| {
        let event: ServerNotification = serde_json::from_value(value.clone()).unwrap();
        let text = render::event(&event);
        assert!(!text.to_string().contains("not known"), "{text}: {value}");
        is_harmless(&text);
        harm(&mut value, &mut seed);
        if let Ok(event) = serde_json::from_value(value) {
            is_harmless(&render::event(&event));
        }
    });
}

#[test]
fn every_request_for_approval_has_a_text_that_is_harmless() {
    let schema = Schema::pinned();
    for (kind, params) in [
        ("command", "CommandExecutionRequestApprovalParams"),
        ("fileChange", "FileChangeRequestApprovalParams"),
        ("permissions", "PermissionsRequestApprovalParams"),
        ("legacyCommand", "ExecCommandApprovalParams"),
        ("legacyPatch", "ApplyPatchApprovalParams"),
    ] {
        let definition = schema.definition(params);
        for choice in 0..12 {
            let mut params = schema.make(definition, &mut Choices::new(&[]).then(choice));
            harm(&mut params, &mut (choice + 1));
            let request = json!({ "type": kind, "params": params });
            let Ok(request) = serde_json::from_value::<ApprovalRequest>(request) else {
                continue;
            };
            is_harmless(&render::approval(&request));
        }
    }
}

/// Returns the headings of a Markdown text that are at the top level, with their levels.
fn headings(markdown: &str) -> Vec<(HeadingLevel, String)> {
    let mut headings = Vec::new();
    let (mut depth, mut current) = (0_usize, None);
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                current = Some((level, String::new()));
                depth += 1;
            }
            Event::End(TagEnd::Heading(_)) => {
                depth -= 1;
                headings.extend(current.take());
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Text(text) => {
                if let Some((_, heading)) = &mut current {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    headings
}

#[test]
fn no_item_breaks_out_of_its_place_in_a_transcript() {
    each("ThreadItem", |mut value, mut seed| {
        harm(&mut value, &mut seed);
        let turn = |id: &str| json!({ "id": id, "status": "completed", "items": [value] });
        let [one, two] = ["1", "2"].map(|id| serde_json::from_value::<Turn>(turn(id)).unwrap());
        let mut thread: codex_types::Thread =
            serde_json::from_value(json!({ "id": "t", "preview": HARMFUL[2] })).unwrap();
        thread.turns = vec![one, two];
        let markdown = render::thread(&thread).to_string();
        assert!(!markdown.contains(is_harmful), "{markdown:?}");
        assert!(!markdown.contains("base64,AAAA"), "{markdown}");
        let headings = headings(&markdown);
        for turn in ["Turn 1", "Turn 2"] {
            let found = headings
                .iter()
                .filter(|(level, text)| *level == HeadingLevel::H2 && text == turn);
            assert_eq!(found.count(), 1, "{markdown}");
        }
    });
}
