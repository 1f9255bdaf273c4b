//! Asking the server on this machine whether it is ready.
//!
//! Here: one HTTP request and the exit code. Not here: the answer ([`crate::http`]).

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use super::{Failure, print};
use crate::config::HealthcheckArgs;

/// How long the server may take to accept, and to answer. Supervisors wait 30 seconds by default.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are read.
const MAX_ANSWER_BYTES: u64 = 16 * 1024;

/// Asks the server, and prints its answer.
pub(super) fn healthcheck(args: &HealthcheckArgs) -> Result<ExitCode, Failure> {
    let address = reachable(args.admin_listen.unwrap_or(args.listen));
    let path = if args.live { "/healthz" } else { "/readyz" };
    let answer = ask(address, path)
        .map_err(|cause| format!("the server at {address} does not answer: {cause}"))?;
    let text = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    print(&format!("{}\n", text.trim_end()))?;
    let is_well = answer.starts_with("HTTP/1.1 200 ");
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The address at which this machine reaches a listener: one on all addresses is asked at loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn ask(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // A demo answers under names of this machine only.
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
