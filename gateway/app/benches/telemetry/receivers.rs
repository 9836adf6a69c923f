//! Receivers of telemetry, good and bad.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n\
    content-length: 0\r\n\r\n";

/// An address that refuses every connection.
pub(crate) fn gone() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

/// A receiver that reads and says nothing.
pub(crate) fn silent() -> SocketAddr {
    serve(|mut connection| {
        let mut taken = [0; 8_192];
        while connection.read(&mut taken).is_ok_and(|count| count > 0) {}
    })
}

/// A receiver that takes everything, and looks at nothing.
pub(crate) fn taking() -> SocketAddr {
    serve(|connection| {
        let mut requests = BufReader::new(&connection);
        while take(&mut requests) && (&connection).write_all(TAKEN).is_ok() {}
    })
}

fn serve(answer: impl Fn(TcpStream) + Send + Copy + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            std::thread::spawn(move || answer(connection));
        }
    });
    address
}

/// Reads one request to its end; false when there is none any more.
fn take(requests: &mut impl BufRead) -> bool {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if !requests.read_line(&mut line).is_ok_and(|count| count > 0) {
            return false;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    std::io::copy(&mut requests.take(length), &mut std::io::sink()).is_ok_and(|read| read == length)
}
