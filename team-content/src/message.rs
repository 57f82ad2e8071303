//! Messages: threads, replies, edits, attachments.

use bundle_format::manifest::BundlePath;
use pack_format::codec::DecodeError;
use team_core::ids::MemberId;

use crate::blob::Content;
use crate::fold::{Folding, Reason, Written, live};
use crate::item_id::{Dot, ItemId};
use crate::limits::{ATTACHMENTS_MAX, MESSAGE_TEXT_BYTES_MAX};
use crate::operation::{Operation, Stamped};
use crate::wire::{Body, In, Out};

/// Writes a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Random: names the message.
    pub nonce: [u8; 16],
    /// The message that began the thread; none when this one begins one.
    pub thread: Option<ItemId>,
    /// The message that this one answers.
    pub reply_to: Option<ItemId>,
    /// At most [`MESSAGE_TEXT_BYTES_MAX`] bytes.
    pub text: String,
    /// At most [`ATTACHMENTS_MAX`].
    pub attachments: Vec<Attachment>,
}

/// A file that belongs to a message and not to the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name: a path of one component.
    pub name: BundlePath,
    /// Its bytes.
    pub content: Content,
}

/// Changes the text of a message. Only its author's member may: another one's edit is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditMessage {
    /// The message.
    pub item: ItemId,
    /// At most [`MESSAGE_TEXT_BYTES_MAX`] bytes.
    pub text: String,
    /// The texts that this one stands for, ascending.
    pub replaces: Vec<Dot>,
}

/// A message as its operations make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The member who wrote it.
    pub author: MemberId,
    /// Seconds since 1970 on the author's clock: a claim.
    pub sent_at: u64,
    /// The message that began the thread; none when this one did.
    pub thread: Option<ItemId>,
    /// The message that this one answers.
    pub reply_to: Option<ItemId>,
    /// The files that belong to it.
    pub attachments: Vec<Attachment>,
    /// Its text: several when two devices of the author edited it at once.
    pub texts: Vec<Written<String>>,
    /// Whether the text is another one than at first.
    pub edited: bool,
}

impl Message {
    /// An edit that stands for every text there is now.
    #[must_use]
    pub fn edit(&self, item: ItemId, text: String) -> Operation {
        let replaces = self.texts.iter().map(|text| text.dot).collect();
        Operation::from(EditMessage {
            item,
            text,
            replaces,
        })
    }

    pub(crate) fn fold(new: &NewMessage, by: &Stamped, folding: &mut Folding<'_>) -> Self {
        let mut texts = vec![(by, &new.text, &[][..])];
        for stamped in &folding.rest {
            let Operation::EditMessage(edit) = &stamped.operation else {
                continue;
            };
            if stamped.author == by.author {
                texts.push((stamped, &edit.text, &edit.replaces));
            } else {
                folding.ignored.ignore(stamped.dot, Reason::NotTheAuthor);
            }
        }
        let texts = live(texts);
        Self {
            author: by.author,
            sent_at: by.claimed_at,
            thread: new.thread,
            reply_to: new.reply_to,
            attachments: new.attachments.clone(),
            edited: texts.iter().any(|text| text.dot != by.dot),
            texts,
        }
    }
}

impl Body for NewMessage {
    const KIND: u8 = 0x21;

    fn write(&self, out: &mut Out<'_>) {
        out.writer.put(&self.nonce);
        out.optional_item(self.thread);
        out.optional_item(self.reply_to);
        out.writer.varint(self.attachments.len() as u64);
        for attachment in &self.attachments {
            out.text(attachment.name.as_str());
            attachment.content.write(&mut out.writer);
        }
        out.writer.put(self.text.as_bytes());
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        let nonce = input.reader.take_array("nonce")?;
        let thread = input.optional_item()?;
        let reply_to = input.optional_item()?;
        let count = input.count(ATTACHMENTS_MAX, "attachments")?;
        let attachments = (0..count)
            .map(|_| Attachment::read(input))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            nonce,
            thread,
            reply_to,
            attachments,
            text: input
                .text_to_end(MESSAGE_TEXT_BYTES_MAX, "text")?
                .to_owned(),
        })
    }
}

impl Attachment {
    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        let name = BundlePath::new(input.text(NAME_BYTES_MAX, "name of attachment")?)?;
        if name.components().count() > 1 {
            return Err(DecodeError::Rule {
                what: "an attachment names a folder",
            });
        }
        Ok(Self {
            name,
            content: Content::read(&mut input.reader)?,
        })
    }
}

impl Body for EditMessage {
    const KIND: u8 = 0x22;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.dots(&self.replaces);
        out.writer.put(self.text.as_bytes());
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            replaces: input.dots()?,
            text: input
                .text_to_end(MESSAGE_TEXT_BYTES_MAX, "text")?
                .to_owned(),
        })
    }
}

/// Longest name of a file on the systems that people have.
const NAME_BYTES_MAX: usize = 255;
