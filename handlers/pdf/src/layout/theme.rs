//! Sizes and colours, in one place.

use super::geometry::Length;
use crate::text::{Colour, TextStyle, Weight};

/// Text.
const INK: Colour = Colour::hex(0x001c_2430);
/// Labels and what is read second.
const GREY: Colour = Colour::hex(0x005a_6573);
/// Titles and the amount due.
const ACCENT: Colour = Colour::hex(0x0019_3f6b);

/// Rules between rows.
pub(crate) const HAIRLINE_COLOUR: Colour = Colour::hex(0x00d8_dde3);
/// Rules above what amounts come to.
pub(crate) const SUM_COLOUR: Colour = GREY;
/// Rules around a table.
pub(crate) const RULE_COLOUR: Colour = ACCENT;
/// Behind the amount due.
pub(crate) const PANEL_COLOUR: Colour = Colour::hex(0x00ee_f2f7);
/// The mark of a draft.
const WATERMARK: Colour = Colour::hex(0x00ea_ecef);

/// Thickness of a hairline.
pub(crate) const HAIRLINE: Length = Length(400);
/// Thickness of a rule.
pub(crate) const RULE: Length = Length(900);

pub(crate) const TITLE: TextStyle = TextStyle::new(Length::points(18), Weight::Bold, ACCENT);
pub(crate) const SELLER_NAME: TextStyle = TextStyle::new(Length::points(15), Weight::Bold, ACCENT);
pub(crate) const HEADING: TextStyle = TextStyle::new(Length::tenths(95), Weight::Bold, ACCENT);
pub(crate) const BODY: TextStyle = TextStyle::new(Length::points(9), Weight::Regular, INK);
pub(crate) const BODY_BOLD: TextStyle = TextStyle::new(Length::points(9), Weight::Bold, INK);
pub(crate) const ADDRESS: TextStyle = TextStyle::new(Length::points(10), Weight::Regular, INK);
pub(crate) const ADDRESS_NAME: TextStyle = TextStyle::new(Length::points(10), Weight::Bold, INK);
pub(crate) const LABEL: TextStyle = TextStyle::new(Length::points(8), Weight::Regular, GREY);
pub(crate) const SMALL: TextStyle = TextStyle::new(Length::points(8), Weight::Regular, INK);
pub(crate) const SMALL_BOLD: TextStyle = TextStyle::new(Length::points(8), Weight::Bold, INK);
pub(crate) const COLUMN: TextStyle = TextStyle::new(Length::tenths(75), Weight::Bold, GREY);
pub(crate) const RETURN_ADDRESS: TextStyle =
    TextStyle::new(Length::tenths(65), Weight::Regular, GREY);
pub(crate) const FOOTER: TextStyle = TextStyle::new(Length::points(7), Weight::Regular, GREY);
pub(crate) const PAYABLE: TextStyle = TextStyle::new(Length::points(11), Weight::Bold, ACCENT);
pub(crate) const DRAFT: TextStyle = TextStyle::new(Length::points(96), Weight::Bold, WATERMARK);
