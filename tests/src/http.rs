//! Servers on loopback that respond to one HTTP request per connection.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
};

use serde_json::Value;

/// A received request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Request {
    /// Returns the value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(header, _)| header == name)?;
        Some(value)
    }
}

/// A status line, and a body of JSON unless it is empty.
pub type Response = (&'static str, Option<Value>);

/// Starts a server, whose threads end with the process. Returns its address.
///
/// # Panics
///
/// If it cannot listen on loopback.
pub fn serve(respond: impl Fn(&Request) -> Response + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = listener.local_addr().expect("its address");
    let respond = Arc::new(respond);
    std::thread::spawn(move || {
        // One thread per connection, so that an open connection does not block any other. A client
        // that disconnects early is not an error.
        for stream in listener.incoming().flatten() {
            let respond = Arc::clone(&respond);
            std::thread::spawn(move || exchange(&stream, &*respond));
        }
    });
    address
}

fn exchange(mut stream: &TcpStream, respond: &dyn Fn(&Request) -> Response) -> std::io::Result<()> {
    let (status, body) = respond(&read(stream)?);
    let body = body.map_or_else(String::new, |body| body.to_string());
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        ..Request::default()
    };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        let name = name.to_ascii_lowercase();
        request.headers.push((name, value.trim().to_owned()));
    }
    let length = request.header("content-length");
    let length = length.and_then(|length| length.parse().ok());
    let mut body = reader.take(length.unwrap_or_default());
    body.read_to_string(&mut request.body)?;
    Ok(request)
}
