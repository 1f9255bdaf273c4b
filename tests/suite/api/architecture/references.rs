//! What a Rust file refers to, read from its syntax.
//!
//! Here: finding paths wherever they stand (imports and their groups, types, calls, macros,
//! attributes) and resolving `crate`, `self` and `super`. Not here: which are allowed.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Expr, ExprAsync, ItemMod, ItemUse, Lit, Macro, Meta, Signature, UseTree,
    VisRestricted,
    visit::{self, Visit},
};

/// The server's crate, as other crates name it.
pub const SERVER: &str = "message_credits";

/// Our crates.
pub const OURS: [&str; 4] = [SERVER, "domain", "entity", "migration"];

/// The position of a file: its crate and its module in it.
pub struct Place {
    crate_name: String,
    module: Vec<String>,
}

impl Place {
    /// The place of a file, by its path below the crate's src/.
    pub fn of(crate_name: &str, file: &Path) -> Self {
        let file = file.with_extension("");
        let mut module: Vec<String> = file
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        match module.last().map(String::as_str) {
            Some("mod") => drop(module.pop()),
            Some("lib" | "main") if module.len() == 1 => module.clear(),
            _ => {}
        }
        Self {
            crate_name: crate_name.to_owned(),
            module,
        }
    }

    /// The crate's name and the module's; the root of the server counts as its module `main`.
    pub fn path(&self) -> Vec<String> {
        let mut path = vec![self.crate_name.clone()];
        path.extend(self.module.iter().cloned());
        if path == [SERVER] {
            path.push("main".to_owned());
        }
        path
    }
}

/// What a file refers to.
#[derive(Default)]
pub struct Reading {
    /// Paths that begin with the name of a crate, or of something in scope.
    pub paths: Vec<Vec<String>>,
    /// Whether anything in it is async.
    pub is_async: bool,
}

/// Reads a file.
pub fn read(place: &Place, source: &str) -> syn::Result<Reading> {
    let file = syn::parse_file(source)?;
    let mut reader = Reader {
        crate_name: place.crate_name.clone(),
        module: place.module.clone(),
        reading: Reading::default(),
    };
    reader.visit_file(&file);
    Ok(reader.reading)
}

/// What a text among tokens may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Texts {
    ArePaths,
    AreTexts,
}

struct Reader {
    crate_name: String,
    module: Vec<String>,
    reading: Reading,
}

impl Reader {
    /// Notes a path, with `crate`, `self` and `super` replaced by what they mean here.
    fn note(&mut self, mut words: Vec<String>) {
        if words.last().is_some_and(|word| word == "self") && words.len() > 1 {
            words.pop();
        }
        let mut words = words.into_iter().peekable();
        let mut path = vec![self.crate_name.clone()];
        match words.peek().map(String::as_str) {
            Some("crate") => drop(words.next()),
            Some("self" | "super") => {
                path.extend(self.module.iter().cloned());
                words.next_if(|word| word == "self");
                while words.next_if(|word| word == "super").is_some() {
                    path.pop();
                }
            }
            _ => path.clear(),
        }
        path.extend(words);
        self.reading.paths.push(path);
    }

    fn note_use(&mut self, before: &[String], tree: &UseTree) {
        let with = |word: String| [before, &[word]].concat();
        match tree {
            UseTree::Path(path) => self.note_use(&with(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => self.note(with(name.ident.to_string())),
            UseTree::Rename(name) => self.note(with(name.ident.to_string())),
            UseTree::Glob(_) => self.note(with("*".to_owned())),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.note_use(before, tree);
                }
            }
        }
    }

    /// Notes the paths among tokens that have no syntax of their own. One word alone is a name of
    /// anything; two with `::` between are a path. So is a text, but in an attribute only.
    fn note_tokens(&mut self, tokens: TokenStream, texts: Texts) {
        let mut words: Vec<String> = Vec::new();
        let mut colons = 0;
        for tree in tokens {
            match tree {
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Ident(word) if colons == 2 && !words.is_empty() => {
                    words.push(word.to_string());
                    colons = 0;
                }
                other => {
                    self.note_if_path(&mut words);
                    colons = 0;
                    match other {
                        TokenTree::Ident(word) => words.push(word.to_string()),
                        TokenTree::Group(group) => self.note_tokens(group.stream(), texts),
                        TokenTree::Literal(literal) if texts == Texts::ArePaths => {
                            self.note_text(&Lit::new(literal));
                        }
                        TokenTree::Literal(_) | TokenTree::Punct(_) => {}
                    }
                }
            }
        }
        self.note_if_path(&mut words);
    }

    fn note_if_path(&mut self, words: &mut Vec<String>) {
        let words = std::mem::take(words);
        if words.len() > 1 {
            self.note(words);
        }
    }

    /// Some attributes take paths as text, serde's `with` among them.
    fn note_text(&mut self, literal: &Lit) {
        if let Lit::Str(text) = literal
            && let Ok(path) = text.parse::<syn::Path>()
        {
            self.visit_path(&path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.note_use(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let words = path.segments.iter().map(|part| part.ident.to_string());
            self.note(words.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.note_tokens(call.tokens.clone(), Texts::AreTexts);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // A link in documentation is not a dependency.
        if attribute.path().is_ident("doc") {
            return;
        }
        match &attribute.meta {
            Meta::List(list) => self.note_tokens(list.tokens.clone(), Texts::ArePaths),
            Meta::NameValue(pair) => {
                if let Expr::Lit(literal) = &pair.value {
                    self.note_text(&literal.lit);
                }
            }
            Meta::Path(_) => {}
        }
    }

    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {
        // `pub(in crate::store)` limits who may use an item; it is not a reference.
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        self.reading.is_async |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast ExprAsync) {
        self.reading.is_async = true;
        visit::visit_expr_async(self, block);
    }
}
