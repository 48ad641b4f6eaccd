//! Two releases of Codex at once, in one process: with a home of their own, and with a shared one.

use std::path::PathBuf;

use codex_client::{Codex, RpcErrorKind};
use codex_tests::stage::Stage;

use crate::older_release::older;

#[tokio::test]
async fn experiment() {
    let stage = Stage::echo();
    let other = Stage::echo();
    let new = stage.start().await;
    let old = other.builder().binary(older()).start().await.unwrap();
    println!("{:?} {:?}", new.server_version(), old.server_version());
    let a = new.thread_start().await.unwrap();
    let b = old.thread_start().await.unwrap();
    let (x, y) = tokio::join!(async { a.run("a").await }, async { b.run("b").await });
    println!(
        "{:?} {:?}",
        x.unwrap().final_response,
        y.unwrap().final_response
    );
    println!(
        "lists {} {}",
        new.thread_list().await.unwrap().data.len(),
        old.thread_list().await.unwrap().data.len()
    );
    println!(
        "foreign resume: {:?}",
        old.thread_resume(a.id())
            .await
            .err()
            .map(|e| (e.rpc_kind(), e.to_string()))
    );
    new.close().await.unwrap();
    old.close().await.unwrap();

    let missing = stage
        .builder()
        .env("CODEX_HOME", stage.home.root().join("no-such-home"))
        .start()
        .await;
    println!(
        "missing home: {:?}",
        missing.as_ref().err().map(ToString::to_string)
    );
    if let Ok(c) = missing {
        println!("{:?}", c.metadata().codex_home);
        c.close().await.unwrap();
    }
    println!("--- one home");
    let old = stage.builder().binary(older()).start().await.unwrap();
    println!(
        "old lists {:?}",
        old.thread_list()
            .await
            .map(|l| l.data.len())
            .map_err(|e| e.to_string())
    );
    let r = old.thread_resume(a.id()).await;
    println!(
        "old resumes new's: {:?}",
        r.as_ref().err().map(|e| e.to_string())
    );
    if let Ok(t) = r {
        println!(
            "run {:?}",
            t.run("again")
                .await
                .map(|r| r.final_response)
                .map_err(|e| e.to_string())
        );
        println!("settings {:?}", t.settings().await);
        let read = t.read().include_turns(true).await.unwrap();
        println!("turns {}", read.thread.turns.len());
        // Both at once.
        let new = stage.start().await;
        let taken = new.thread_resume(a.id()).await;
        println!(
            "new resumes while old holds: {:?}",
            taken.as_ref().err().map(|e| (e.rpc_kind(), e.to_string()))
        );
        println!(
            "new reads while old holds: {:?}",
            new.thread_list()
                .await
                .map(|l| l.data.len())
                .map_err(|e| e.to_string())
        );
        let forked = new.thread_fork(a.id()).await;
        println!(
            "new forks while old holds: {:?}",
            forked.as_ref().err().map(|e| (e.rpc_kind(), e.to_string()))
        );
        let mine = new.thread_start().await.unwrap();
        println!(
            "new runs in same home: {:?}",
            mine.run("c")
                .await
                .map(|r| r.final_response)
                .map_err(|e| e.to_string())
        );
        old.close().await.unwrap();
        let back = new.thread_resume(a.id()).await;
        println!(
            "new resumes after old closed: {:?}",
            back.as_ref().err().map(|e| (e.rpc_kind(), e.to_string()))
        );
        if let Ok(t) = back {
            println!(
                "run {:?}",
                t.run("last")
                    .await
                    .map(|r| r.final_response)
                    .map_err(|e| e.to_string())
            );
            println!(
                "turns {}",
                t.read()
                    .include_turns(true)
                    .await
                    .unwrap()
                    .thread
                    .turns
                    .len()
            );
            let last = stage.model.requests().pop().unwrap();
            println!("{}", last.body());
        }
        new.close().await.unwrap();
    }
    let old = stage.builder().binary(older()).start().await.unwrap();
    println!(
        "old lists {:?}",
        old.thread_list()
            .await
            .map(|l| l.data.len())
            .map_err(|e| e.to_string())
    );
    let t = old.thread_start().await.unwrap();
    println!(
        "old first {:?}",
        t.run("old")
            .await
            .map(|r| r.final_response)
            .map_err(|e| e.to_string())
    );
    old.close().await.unwrap();
    let new = stage.start().await;
    let r = new.thread_resume(t.id()).await;
    println!(
        "new resumes old's: {:?}",
        r.as_ref().err().map(|e| e.to_string())
    );
    println!(
        "run {:?}",
        r.unwrap()
            .run("again")
            .await
            .map(|r| r.final_response)
            .map_err(|e| e.to_string())
    );
    println!(
        "{:?}",
        std::fs::read_dir(stage.home.codex_home())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect::<Vec<_>>()
    );
    new.close().await.unwrap();
}
