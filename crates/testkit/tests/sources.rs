//! What is public and async is found, and nothing else.

use std::path::Path;

use seaworthy_testkit::async_functions;

#[test]
fn functions_and_futures_are_found_in_all_folders() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sources");
    let write = |file: &str, text: &str| {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    };
    write(
        "one.rs",
        "impl One {
            pub async fn wait(&self) {}
            async fn of_its_own() {}
            pub(crate) async fn inside() {}
            pub fn not_async() {}
        }",
    );
    write(
        "deep/er/two.rs",
        "pub struct Two<T> { it: T }
        pub(super) struct Hidden;
impl<T> Future for Two<T>
where T: Send {}
impl Future for Hidden {}
impl Display for Two<()> {}",
    );
    assert_eq!(async_functions(&folder), ["one.rs: wait", "two.rs: Two"]);
}

#[test]
fn its_own_are_found() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(
        async_functions(&sources),
        ["drop_after.rs: DropAfter", "fuse.rs: Fused"]
    );
}
