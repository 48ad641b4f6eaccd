//! Input from bytes and files of this machine, whose kind is checked before anything is sent.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, absolute},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    error::{Error, Result},
    input::{
        Input,
        image_kind::{HEAD, ImageKind},
    },
};

/// The number of characters that the server accepts in all texts of an input together.
const MAX_TEXT: u64 = 1 << 20;

/// The number of bytes of the longest character.
const MAX_CHAR: u64 = 4;

impl Input {
    /// Creates an image input from the contents of a PNG, JPEG, GIF or WebP file. The kind is
    /// recognised by the first bytes.
    ///
    /// The image is sent as a `data:` URL, so the server may be on another machine. The API behind
    /// the server limits the size of images, often to 20 MB.
    ///
    /// ```no_run
    /// use codex_client::{Input, Result, Thread};
    ///
    /// async fn example(thread: &Thread, screenshot: &[u8]) -> Result<()> {
    ///     let input = Input::text("What is wrong here?").and(Input::image_bytes(screenshot)?);
    ///     thread.run(input).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](Error::InvalidInput) for any other kind of contents, which the model would
    /// not see: it names them.
    pub fn image_bytes(bytes: impl AsRef<[u8]>) -> Result<Self> {
        let bytes = bytes.as_ref();
        let kind = ImageKind::of(bytes).map_err(|found| {
            let reason = match bytes.is_empty() {
                true => "the image is empty".to_owned(),
                false => format!(
                    "the image is {found}; models accept PNG, JPEG, GIF and WebP: convert it first"
                ),
            };
            Error::InvalidInput(reason.into())
        })?;
        let data = BASE64_STANDARD.encode(bytes);
        Ok(Self::image_url(format!(
            "data:{};base64,{data}",
            kind.media_type()
        )))
    }

    /// Creates an image input from a PNG, JPEG, GIF or WebP file on this machine, which must also be
    /// the server's. A relative path is resolved against the working directory of this program.
    ///
    /// Checks the file by its first bytes; the server reads it when the turn starts. In contrast to
    /// [`local_image`](Self::local_image), a file that the model would not see is an error. For a
    /// server on another machine, read the file and pass it to [`image_bytes`](Self::image_bytes).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](Error::InvalidInput) if the path is missing, unreadable, a directory, a file
    /// of another kind, or not valid Unicode.
    pub fn image_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut head = Vec::new();
        let file = open(path, "an image")?;
        let read = file.take(HEAD as u64).read_to_end(&mut head);
        read.map_err(|error| unreadable(path, &error))?;
        ImageKind::of(&head).map_err(|found| {
            invalid(path, &format!(
                "is {found}; models accept PNG, JPEG, GIF and WebP: convert the file first, or name \
                 it in the text for the agent to open"
            ))
        })?;
        let absolute = absolute(path).map_err(|error| unreadable(path, &error))?;
        match absolute.to_str() {
            Some(_) => Ok(Self::local_image(absolute)),
            None => Err(invalid(
                path,
                "is not valid Unicode and cannot be sent: use `Input::image_bytes`",
            )),
        }
    }

    /// Creates a text input from a text file on this machine: its path, and its contents in a code
    /// block. The file is read at once.
    ///
    /// An agent that works on this machine can also open files itself: name them in the text.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](Error::InvalidInput) if the path is missing, unreadable, a directory, not
    /// UTF-8 text, or longer than the 1,048,576 characters that the server accepts.
    pub fn text_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = open(path, "a text")?;
        let mut bytes = Vec::new();
        // One byte more than a text within the limit can have.
        let read = file.take(MAX_TEXT * MAX_CHAR + 1).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(path, &error))?;
        let too_long = || {
            invalid(
                path,
                "is longer than the 1,048,576 characters that the server accepts: name the file in \
                 the text for the agent to open",
            )
        };
        if bytes.len() as u64 > MAX_TEXT * MAX_CHAR {
            return Err(too_long());
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let found = match ImageKind::of(error.as_bytes()) {
                Ok(kind) => format!("an image ({}): use `Input::image_file`", kind.media_type()),
                Err(_) => "not UTF-8 text: convert it, or name it in the text".to_owned(),
            };
            invalid(path, &format!("is {found}"))
        })?;
        let input = in_code_block(&path.to_string_lossy(), &text);
        match input.chars().count() as u64 > MAX_TEXT {
            true => Err(too_long()),
            false => Ok(Self::text(input)),
        }
    }
}

/// Returns a text with its name, in a code block whose fence is longer than any in the text.
fn in_code_block(name: &str, text: &str) -> String {
    let runs = text.split(|char| char != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default().max(2) + 1);
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("`{name}`:\n{fence}\n{text}{end}{fence}")
}

fn open(path: &Path, expected: &str) -> Result<File> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if metadata.is_dir() {
        let reason = format!("is a directory instead of {expected}: pass the path of a file");
        return Err(invalid(path, &reason));
    }
    // Opening a pipe would wait for its writer.
    if !metadata.is_file() {
        return Err(invalid(
            path,
            "is not a regular file: pass its contents instead",
        ));
    }
    File::open(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    let reason = match error.kind() {
        io::ErrorKind::NotFound if path.is_relative() => {
            let directory = std::env::current_dir().unwrap_or_default();
            let directory = directory.display();
            format!(
                "does not exist in {directory}, the directory of this program: correct the path"
            )
        }
        io::ErrorKind::NotFound => "does not exist: correct the path".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    invalid(path, &reason)
}

fn invalid(path: &Path, reason: &str) -> Error {
    Error::InvalidInput(format!("{} {reason}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use codex_types::UserInput;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

    fn refused(input: Result<Input>) -> String {
        let error = input.unwrap_err();
        assert!(matches!(error, Error::InvalidInput(_)), "{error}");
        error.to_string()
    }

    fn only(input: Input) -> UserInput {
        let [only] = Vec::from(input).try_into().unwrap();
        only
    }

    #[test]
    fn an_image_in_memory_is_sent_as_a_data_url_of_its_kind() {
        for (bytes, start) in [
            (PNG, "data:image/png;base64,iVBORw0KGgou"),
            (b"\xff\xd8\xff\xe0", "data:image/jpeg;base64,/9j/4A=="),
            (b"GIF89a", "data:image/gif;base64,R0lGODlh"),
            (
                b"RIFF\0\0\0\0WEBP",
                "data:image/webp;base64,UklGRgAAAABXRUJQ",
            ),
        ] {
            let UserInput::Image(image) = only(Input::image_bytes(bytes).unwrap()) else {
                panic!("not an image")
            };
            assert!(image.url.unwrap().starts_with(start));
        }
        assert_eq!(
            refused(Input::image_bytes(b"%PDF-1.7")),
            "the image is a PDF document; models accept PNG, JPEG, GIF and WebP: convert it first"
        );
        assert_eq!(refused(Input::image_bytes([])), "the image is empty");
    }

    #[test]
    fn an_image_file_is_checked_before_its_path_is_sent() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.png");
        fs::write(&path, PNG).unwrap();
        let UserInput::LocalImage(image) = only(Input::image_file(&path).unwrap()) else {
            panic!("not an image")
        };
        assert_eq!(Path::new(&image.path), path);
        fs::write(&path, "no image").unwrap();
        let shown = path.display();
        let wrong = refused(Input::image_file(&path));
        assert!(
            wrong.starts_with(&format!("{shown} is text; models accept")),
            "{wrong}"
        );
        let wrong = refused(Input::image_file(directory.path()));
        assert!(
            wrong.contains("is a directory instead of an image"),
            "{wrong}"
        );
        fs::remove_file(&path).unwrap();
        let missing = format!("{shown} does not exist: correct the path");
        assert_eq!(refused(Input::image_file(&path)), missing);
        let missing = refused(Input::image_file("no such image.png"));
        assert!(
            missing.contains("the directory of this program"),
            "{missing}"
        );
    }

    #[test]
    fn a_relative_path_of_an_image_is_that_of_this_program() {
        let file = tempfile::Builder::new()
            .suffix(".gif")
            .tempfile_in(".")
            .unwrap();
        fs::write(file.path(), "GIF89a").unwrap();
        let name = file.path().file_name().unwrap();
        let UserInput::LocalImage(image) = only(Input::image_file(name).unwrap()) else {
            panic!("not an image")
        };
        assert_eq!(Path::new(&image.path), absolute(name).unwrap());
    }

    #[test]
    fn a_text_file_is_sent_with_its_path_in_a_code_block() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.md");
        fs::write(&path, "# Notes\n```\ncode\n```").unwrap();
        let UserInput::Text(text) = only(Input::text_file(&path).unwrap()) else {
            panic!("not a text")
        };
        let shown = path.display();
        let expected = format!("`{shown}`:\n````\n# Notes\n```\ncode\n```\n````");
        assert_eq!(text.text, expected);
        fs::write(&path, "x".repeat(1 << 20)).unwrap();
        let wrong = refused(Input::text_file(&path));
        assert!(
            wrong.contains("is longer than the 1,048,576 characters"),
            "{wrong}"
        );
        fs::write(&path, PNG).unwrap();
        let wrong = refused(Input::text_file(&path));
        assert!(
            wrong.contains("is an image (image/png): use `Input::image_file`"),
            "{wrong}"
        );
        fs::write(&path, [0xff, 0xfe, b'a', 0]).unwrap();
        assert!(refused(Input::text_file(&path)).contains("not UTF-8 text"));
        assert!(
            refused(Input::text_file(directory.path())).contains("directory instead of a text")
        );
    }
}
