//! Short names of the common units of UN/ECE Recommendation 20; any other unit shows its code. They
//! are abbreviations that do not change with the number before them.

use invoiceapp_domain::locale::Locale;

/// Code, then the names in English, German, French, Spanish, Polish, Vietnamese.
const UNITS: [(&str, [&str; 6]); 32] = [
    ("C62", ["pcs", "Stk.", "pce", "ud.", "szt.", "cái"]),
    ("H87", ["pcs", "Stk.", "pce", "ud.", "szt.", "cái"]),
    ("EA", ["ea", "Stk.", "pce", "ud.", "szt.", "cái"]),
    ("HUR", ["h", "Std.", "h", "h", "godz.", "giờ"]),
    ("MIN", ["min", "Min.", "min", "min", "min", "phút"]),
    ("DAY", ["d", "Tg.", "j", "d", "dn.", "ngày"]),
    ("WEE", ["wk", "Wo.", "sem.", "sem.", "tyg.", "tuần"]),
    ("MON", ["mo", "Mon.", "mois", "mes.", "mies.", "tháng"]),
    ("ANN", ["yr", "J.", "an", "a.", "r.", "năm"]),
    (
        "LS",
        [
            "lump sum",
            "pauschal",
            "forfait",
            "global",
            "ryczałt",
            "trọn gói",
        ],
    ),
    ("SET", ["set", "Satz", "lot", "jgo.", "kpl.", "bộ"]),
    ("PR", ["pr", "Paar", "pr", "par", "para", "đôi"]),
    ("DZN", ["doz.", "Dtzd.", "douz.", "doc.", "tuz.", "tá"]),
    ("XPK", ["pkg", "Pack.", "paq.", "paq.", "opak.", "gói"]),
    ("XBX", ["box", "Kart.", "bte", "cja.", "pud.", "hộp"]),
    ("XPX", ["plt", "Pal.", "pal.", "pal.", "pal.", "pallet"]),
    ("KGM", ["kg"; 6]),
    ("GRM", ["g"; 6]),
    ("TNE", ["t"; 6]),
    ("LTR", ["l"; 6]),
    ("MLT", ["ml"; 6]),
    ("MTR", ["m"; 6]),
    ("CMT", ["cm"; 6]),
    ("MMT", ["mm"; 6]),
    ("KMT", ["km"; 6]),
    ("MTK", ["m²"; 6]),
    ("MTQ", ["m³"; 6]),
    ("KWH", ["kWh"; 6]),
    ("WHR", ["Wh"; 6]),
    ("4L", ["MB"; 6]),
    ("E34", ["GB"; 6]),
    ("P1", ["%"; 6]),
];

/// The unit's short name, or its code.
pub(crate) fn unit_name(code: &str, locale: Locale) -> &str {
    let row = UNITS.iter().find(|(known, _)| *known == code);
    row.map_or(code, |(_, names)| names[super::labels::column(locale)])
}
