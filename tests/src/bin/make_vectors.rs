//! Writes `spec/vectors` and the example of `spec/bundle.md` anew.

use std::fs;
use std::io;
use std::path::Path;

use causeway_tests::vectors::{all, spec_folder, with_example};

fn main() -> io::Result<()> {
    let spec = spec_folder();
    let folder = spec.join("vectors");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let files = all();
    for file in &files {
        write(&folder.join(file.path()), &file.to_text())?;
    }
    let document = spec.join("bundle.md");
    write(&document, &with_example(&fs::read_to_string(&document)?))?;
    println!("{} vectors", files.len());
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
