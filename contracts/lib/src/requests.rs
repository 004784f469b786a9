//! Messages that are carried out once, however often they are sent.

use counterpart_sdk::prelude::*;

/// What is known of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// Nothing.
    New,
    /// It was carried out, with the same content.
    Repeated,
    /// Its id was used for another content.
    Different,
}

/// Messages by their sender and the id that it chose. An id is noted with the changes of its message and undone with them.
#[storage]
pub struct Requests {
    contents: Map<(Address, Hash), Hash>,
}

impl Requests {
    /// Whether an id was used.
    pub fn contains(&self, by: &Address, id: &Hash) -> bool {
        self.contents.contains(&(*by, *id))
    }

    /// What is known of a message.
    pub fn look_at(&self, by: &Address, id: &Hash, content: &impl Encode) -> Request {
        match self.contents.get(&(*by, *id)) {
            None => Request::New,
            Some(known) if known == env::sha3_256(&content.encode()) => Request::Repeated,
            Some(_) => Request::Different,
        }
    }

    /// Notes that a message was carried out.
    pub fn note(&mut self, by: &Address, id: &Hash, content: &impl Encode) {
        self.contents.set(&(*by, *id), &env::sha3_256(&content.encode()));
    }
}
