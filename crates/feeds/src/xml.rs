//! Reading XML documents record by record, without ever holding one whole.
//!
//! Vendors write flat documents: a root, perhaps sections, and in them very many records of a few
//! kilobytes. [`Xml`] walks down to the records, and only one at a time becomes an [`Element`].
//! Names count without their namespace prefixes, which vendors choose freely. A document type
//! declaration is refused, since nobody needs entities of their own and they can grow without end.

mod element;

use std::io::{self, BufReader};
use std::sync::Arc;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

pub(crate) use element::Element;

use crate::document::Meter;
use crate::{Document, FeedError, Source, text};

/// Elements deeper than this are no record that a vendor wrote.
const DEPTH: usize = 64;

/// The most elements of one record. The largest that are published have some ten thousand.
const ELEMENTS: usize = 500_000;

/// The most attributes of one element.
const ATTRIBUTES: usize = 64;

/// A document being read.
///
/// It stands in one element, at first outside of all. [`next`](Self::next) steps to the next
/// child of that element, which then has to be entered, read or passed over; what is not read
/// ([`element`](Self::element)) or passed over ([`skip`](Self::skip)) has been entered.
pub(crate) struct Xml<'d> {
    reader: Reader<BufReader<&'d mut Document>>,
    buffer: Vec<u8>,
    meter: Meter,
    name: String,
    location: String,
    depth: usize,
}

impl<'d> Xml<'d> {
    /// Begins to read `source` from a document, and enters its root, which must have that name.
    ///
    /// # Errors
    ///
    /// When the document cannot be read, is no XML, or has another root.
    pub(crate) fn open(
        source: &Source,
        document: &'d mut Document,
        root: &str,
    ) -> Result<Self, FeedError> {
        let (location, meter) = (document.location().to_owned(), document.meter());
        let mut reader = Reader::from_reader(BufReader::with_capacity(64 * 1024, document));
        reader.config_mut().expand_empty_elements = true;
        let mut xml = Self {
            reader,
            buffer: Vec::new(),
            meter,
            name: source.name.clone(),
            location,
            depth: 0,
        };
        match xml.next()? {
            Some(element) if element.name == root => Ok(xml),
            Some(element) => {
                let found = text::line(&element.name);
                Err(xml.malformed(&format!("its root is {found:?}, not {root:?}")))
            }
            None => Err(xml.malformed("it is no XML document")),
        }
    }

    /// The next child of the element that is being read, without what is in it: its name and
    /// attributes. `None` at the end of that element, or of the document.
    ///
    /// # Errors
    ///
    /// When the document cannot be read, or is no XML from there on.
    pub(crate) fn next(&mut self) -> Result<Option<Element>, FeedError> {
        loop {
            self.meter.mark();
            match self.event()? {
                Step::Start(element) => {
                    self.enter()?;
                    return Ok(Some(element));
                }
                Step::End => {
                    self.depth -= 1;
                    return Ok(None);
                }
                Step::Eof if self.depth == 0 => return Ok(None),
                Step::Eof => return Err(self.ends_early()),
                Step::Text(_) => {}
            }
        }
    }

    /// Reads all that is in the element that [`next`](Self::next) gave, as one record.
    ///
    /// # Errors
    ///
    /// When the document cannot be read, is no XML from there on, or the record is over a limit.
    pub(crate) fn element(&mut self, start: Element) -> Result<Element, FeedError> {
        let begun = self.meter.record();
        begun.map_err(|limit| self.unreadable(io::Error::other(limit)))?;
        let mut open = vec![start];
        let mut count = 1;
        loop {
            match self.event()? {
                Step::Start(element) => {
                    self.enter()?;
                    count += 1;
                    if count > ELEMENTS {
                        return Err(
                            self.malformed(&format!("a record of more than {ELEMENTS} elements"))
                        );
                    }
                    open.push(element);
                }
                Step::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text);
                    }
                }
                Step::End => {
                    self.depth -= 1;
                    let ended = open.pop();
                    match (open.last_mut(), ended) {
                        (Some(parent), Some(child)) => parent.children.push(child),
                        (None, Some(record)) => return Ok(record),
                        (_, None) => return Err(self.malformed("an end without a start")),
                    }
                }
                Step::Eof => return Err(self.ends_early()),
            }
        }
    }

    /// Passes over all that is in the element that [`next`](Self::next) gave.
    ///
    /// # Errors
    ///
    /// When the document cannot be read, or is no XML from there on.
    pub(crate) fn skip(&mut self) -> Result<(), FeedError> {
        let outside = self.depth - 1;
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// Reads to the end of the stream, where decompressors find that bytes were damaged and
    /// connections that they were cut off.
    ///
    /// # Errors
    ///
    /// When there is more than one document, or as much is missing.
    pub(crate) fn finish(mut self) -> Result<(), FeedError> {
        while self.depth > 0 {
            self.next()?;
        }
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(self.malformed("something follows its end")),
        }
    }

    /// An error of the form of the document, at the place that is being read.
    pub(crate) fn malformed(&self, reason: &str) -> FeedError {
        let place = self.reader.buffer_position();
        FeedError::malformed(
            &self.name,
            &self.location,
            format!("{reason}, at byte {place}"),
        )
    }

    fn ends_early(&self) -> FeedError {
        self.malformed("it ends early")
    }

    fn unreadable(&self, error: io::Error) -> FeedError {
        FeedError::from_read(&self.name, &self.location, error)
    }

    fn enter(&mut self) -> Result<(), FeedError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.malformed(&format!("elements more than {DEPTH} deep")));
        }
        Ok(())
    }

    fn event(&mut self) -> Result<Step, FeedError> {
        self.buffer.clear();
        let step = match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::Start(start) | Event::Empty(start)) => element(&start).map(Step::Start),
            Ok(Event::End(_)) => Ok(Step::End),
            Ok(Event::Text(text)) => Ok(Step::Text(text.into_inner().into_owned())),
            Ok(Event::CData(data)) => Ok(Step::Text(data.into_inner().into_owned())),
            Ok(Event::GeneralRef(reference)) => character(&reference).map(Step::Text),
            Ok(Event::DocType(_)) => Err("a document type declaration".to_owned()),
            Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_)) => Ok(Step::Text(String::new())),
            Ok(Event::Eof) => Ok(Step::Eof),
            Err(quick_xml::Error::Io(error)) => {
                let error = Arc::try_unwrap(error)
                    .unwrap_or_else(|shared| io::Error::new(shared.kind(), shared.to_string()));
                return Err(self.unreadable(error));
            }
            Err(error) => Err(text::line(&error.to_string())),
        };
        step.map_err(|reason| self.malformed(&reason))
    }
}

/// What comes next in a document. A text may be a part of one only.
enum Step {
    Start(Element),
    Text(String),
    End,
    Eof,
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes = Vec::new();
    // Two attributes of one name do no harm: the first counts.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| text::line(&error.to_string()))?;
        if attributes.len() == ATTRIBUTES {
            return Err(format!("an element of more than {ATTRIBUTES} attributes"));
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| text::line(&error.to_string()))?;
        let name = attribute.key.local_name().into_inner();
        attributes.push((name.to_owned(), value.into_owned()));
    }
    Ok(Element {
        name: start.local_name().into_inner().to_owned(),
        attributes,
        ..Element::default()
    })
}

/// The character that a reference means. There are the five of XML and those by number.
fn character(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Ok(character.to_string());
    }
    quick_xml::escape::resolve_xml_entity(reference)
        .map(str::to_owned)
        .ok_or_else(|| format!("an unknown entity {:?}", text::line(reference)))
}

#[cfg(test)]
mod tests;
