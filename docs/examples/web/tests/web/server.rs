//! The program by itself: which requests it refuses, and its end.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::program::{DEADLINE, Program, Result};

/// Sends a request with these header lines, and returns the response.
async fn send(program: &Program, method: &str, path: &str, headers: &str) -> Result<String> {
    let mut stream = TcpStream::connect(program.address()?).await?;
    let request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut response)).await??;
    Ok(response)
}

#[tokio::test]
async fn only_the_page_of_this_program_is_served() -> Result<()> {
    let program = Program::start().await?;
    assert!(program.address()?.ip().is_loopback());
    let port = program.address()?.port();
    let (_, query) = program.url.split_once('?').ok_or("no secret")?;
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let threads = format!("/api/threads?{query}");
    let expected = [
        // The page.
        ("GET", "/", host.clone(), "200"),
        ("GET", &threads, host.clone(), "200"),
        (
            "GET",
            &threads,
            format!("Host: localhost:{port}\r\n"),
            "200",
        ),
        (
            "POST",
            &threads,
            format!("{host}Origin: http://127.0.0.1:{port}\r\n"),
            "200",
        ),
        // Another user of the machine.
        ("GET", "/api/threads", host.clone(), "403"),
        ("GET", "/api/threads?key=0", host.clone(), "403"),
        // A page whose name leads to loopback.
        ("GET", "/", format!("Host: example.com:{port}\r\n"), "403"),
        (
            "GET",
            &threads,
            format!("Host: example.com:{port}\r\n"),
            "403",
        ),
        (
            "GET",
            &threads,
            format!("Host: 127.0.0.1:{port}.example.com\r\n"),
            "403",
        ),
        // Another page.
        (
            "POST",
            &threads,
            format!("{host}Origin: http://example.com\r\n"),
            "403",
        ),
        (
            "POST",
            &threads,
            format!("{host}Origin: http://127.0.0.1:1\r\n"),
            "403",
        ),
        ("POST", &threads, format!("{host}Origin: null\r\n"), "403"),
    ];
    for (method, path, headers, expected) in expected {
        let response = send(&program, method, path, &headers).await?;
        assert_eq!(
            response.split(' ').nth(1),
            Some(expected),
            "{method} {path}\n{headers}"
        );
    }
    program.stop().await
}

/// The end of the program, with a stream open that has no end of its own.
#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_ends_the_program_and_its_app_server() -> Result<()> {
    use std::{
        env,
        fs::File,
        io::Read as _,
        path::{PathBuf, absolute},
        process::Command,
        thread,
    };

    use codex_testing::codex_bin;
    use tokio::sync::oneshot;

    // The app-server holds this pipe open while it runs.
    let directory = tempfile::tempdir()?;
    let pipe = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status()?.success());
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let script = package.join("tests/web/lifeline.sh");
    let variables = [
        ("CODEX_BIN", script.into()),
        ("LIFELINE", pipe.clone().into()),
        ("LIFELINE_CODEX", absolute(codex_bin()?)?.into()),
    ];
    let (end, ended) = oneshot::channel();
    thread::spawn(move || {
        let read = File::open(pipe).and_then(|mut pipe| pipe.read(&mut [0]));
        let _ = end.send(read);
    });

    let program = Program::start_with(&variables).await?;
    let (_, query) = program.url.split_once('?').ok_or("no secret")?;
    let host = format!("Host: {}\r\n", program.address()?);
    let created = send(&program, "POST", &format!("/api/threads?{query}"), &host).await?;
    // The body is the id as JSON.
    let id = created.rsplit('"').nth(1).ok_or("no thread")?;

    let mut stream = TcpStream::connect(program.address()?).await?;
    let request = format!("GET /api/threads/{id}/events?{query} HTTP/1.1\r\n{host}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut begin = [0; 15];
    timeout(DEADLINE, stream.read_exact(&mut begin)).await??;
    assert_eq!(&begin, b"HTTP/1.1 200 OK");

    program.stop().await?;
    assert_eq!(timeout(DEADLINE, ended).await???, 0);
    Ok(())
}
