# cargo and rustc: a crate with a library, threads and a test.
command -v rustc > /dev/null && rustc --version > /dev/null 2>&1 && command -v cargo > /dev/null || { echo "no rust"; exit 77; }
mkdir -p c/src; cd c; printf '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n' > Cargo.toml
cat > src/lib.rs << 'END'
pub fn sum(n: u64) -> u64 { (1..=8).map(|t| std::thread::spawn(move || (0..n).filter(|x| x % 8 == t % 8).sum::<u64>())).map(|h| h.join().unwrap()).sum() }
#[cfg(test)] mod tests { #[test] fn adds() { assert_eq!(super::sum(100), 4950); } #[test] #[should_panic] fn panics() { panic!("as it should") } }
END
echo 'use std::io::Write; fn main() { println!("{}", c::sum(100000)); let mut k = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap(); k.stdin.take().unwrap().write_all(b"piped\n").unwrap(); println!("{}", k.wait().unwrap()); std::process::exit(4) }' > src/main.rs
cargo build --offline -q 2> err; echo "build $?"; ./target/debug/c; echo "exit $?"; cargo build --release --offline -q; ./target/release/c | tail -n 1; cargo test --offline -q 2> /dev/null | grep -c 'test result: ok'
