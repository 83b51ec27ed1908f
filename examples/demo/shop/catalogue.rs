//! What the shop sells, and the first of its four bugs.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

/// Something on sale.
#[derive(Debug, Serialize)]
pub(crate) struct Product {
    pub(crate) id: u16,
    pub(crate) name: Cow<'static, str>,
    /// For the whole pack, in cents.
    pub(crate) price: u64,
    /// How many pieces are in a pack.
    pub(crate) pieces: u64,
}

/// The product whose page panics: see [`Product::piece_price`].
pub(crate) const CURSED: u16 = 13;

/// What sells well, whatever it goes with.
pub(crate) const BEST_SELLERS: [u16; 3] = [8, 3, 12];

static PRODUCTS: [Product; 13] = [
    product(1, "Anchor", 18_900, 1),
    product(2, "Barometer", 12_450, 1),
    product(3, "Brass lantern", 7_900, 2),
    product(4, "Cleat", 1_250, 4),
    product(5, "Compass", 9_900, 1),
    product(6, "Fender", 3_300, 2),
    product(7, "Flare", 4_800, 6),
    product(8, "Life jacket", 15_900, 2),
    product(9, "Rope, 10 m", 2_200, 1),
    product(10, "Sextant", 64_000, 1),
    product(11, "Shackle", 990, 3),
    product(12, "Signal flag", 5_200, 26),
    product(CURSED, "Message in a bottle", 700, 0),
];

const fn product(id: u16, name: &'static str, price: u64, pieces: u64) -> Product {
    Product {
        id,
        name: Cow::Borrowed(name),
        price,
        pieces,
    }
}

/// All products, by id.
pub(crate) fn all() -> &'static [Product] {
    &PRODUCTS
}

/// One product.
pub(crate) fn find(id: u16) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.id == id)
}

impl Product {
    /// What one piece of the pack costs, in cents.
    ///
    /// The bug: nobody thought of a pack without pieces, so the page of the
    /// [cursed product](CURSED) divides by zero and panics.
    pub(crate) fn piece_price(&self) -> u64 {
        self.price / self.pieces
    }

    /// The product's page.
    pub(crate) fn page(&self) -> String {
        let Self {
            id,
            name,
            price,
            pieces,
        } = self;
        let (price, piece) = (cents(*price), cents(self.piece_price()));
        format!(
            "<!doctype html><title>{name}</title><h1>{name}</h1>\
             <p>Number {id}: {price} for {pieces}, {piece} each.</p>\
             <p><a href=\"/products\">All products</a></p>\n"
        )
    }
}

/// The page of any product, when nothing is known about it.
pub(crate) fn plain_page() -> String {
    "<!doctype html><title>A product</title><h1>A product</h1>\
     <p>What it is and what it costs cannot be looked up just now. Please come again in a moment.</p>\
     <p><a href=\"/products\">All products</a></p>\n"
        .to_owned()
}

/// The page that lists all products.
pub(crate) fn list_page() -> String {
    let mut page = String::from("<!doctype html><title>Products</title><h1>Products</h1><ul>");
    for Product {
        id, name, price, ..
    } in all()
    {
        let price = cents(*price);
        // Writing into a string cannot fail.
        let _ = write!(page, "<li><a href=\"/products/{id}\">{name}</a> {price}");
    }
    page.push_str("</ul>\n");
    page
}

/// An amount of money as people read it.
pub(crate) fn cents(amount: u64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}
