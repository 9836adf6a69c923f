//! Documents that tests, the bench and the samples render.

use std::io::Cursor;

use invoiceapp_domain::invoice::DocumentType;
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Money, Quantity, Rate, UnitPrice};
use invoiceapp_domain::tax::{PriceMode, TaxBreakdown, Totals, Vat, VatCategory};
use invoiceapp_pdf::InvoiceDocument;
use invoiceapp_pdf::document::{Adjustment, Line, Party, PaymentDetails};
use jiff::Timestamp;
use jiff::civil::date;

pub(crate) fn euro(text: &str) -> Money {
    Money::parse_signed(text, Currency::EUR).unwrap()
}

pub(crate) fn standard(rate: &str) -> Vat {
    Vat::new(VatCategory::Standard, Rate::parse(rate).unwrap()).unwrap()
}

pub(crate) fn untaxed(category: VatCategory) -> Vat {
    Vat::new(category, Rate::parse("0").unwrap()).unwrap()
}

pub(crate) fn line(name: &str, quantity: &str, unit: &str, price: &str, amount: Money) -> Line {
    Line {
        name: name.to_owned(),
        description: None,
        quantity: Quantity::parse(quantity).unwrap(),
        unit_code: unit.to_owned(),
        unit_price: UnitPrice::parse(price).unwrap(),
        price_base_quantity: None,
        vat: standard("19"),
        price_amount: amount,
        amount,
        allowances: Vec::new(),
        charges: Vec::new(),
    }
}

pub(crate) fn seller() -> Party {
    Party {
        name: "Nordlicht Werkzeuge GmbH".to_owned(),
        street: vec!["Hafenstraße 12".to_owned()],
        city: "Hamburg".to_owned(),
        postal_code: "20457".to_owned(),
        country: "DE".to_owned(),
        vat_id: Some("DE123456789".to_owned()),
        registration_id: Some("HRB 98765".to_owned()),
        email: Some("rechnung@nordlicht.example".to_owned()),
        phone: Some("+49 40 1234567".to_owned()),
    }
}

pub(crate) fn buyer() -> Party {
    Party {
        name: "Müller & Söhne Maschinenbau KG".to_owned(),
        street: vec!["Gewerbepark 7".to_owned(), "Einkauf, Halle 3".to_owned()],
        city: "München".to_owned(),
        postal_code: "80331".to_owned(),
        country: "DE".to_owned(),
        vat_id: Some("DE987654321".to_owned()),
        ..Party::default()
    }
}

/// Two lines, one rate, with everything that an ordinary invoice has.
pub(crate) fn short(locale: Locale) -> InvoiceDocument {
    InvoiceDocument {
        locale,
        document_type: DocumentType::Invoice,
        draft: false,
        number: Some("INV-2026-00042".to_owned()),
        issue_date: Some(date(2026, 11, 22)),
        due_date: Some(date(2026, 12, 22)),
        delivery_date: Some(date(2026, 11, 20)),
        purchase_order: Some("PO-4711".to_owned()),
        currency: Currency::EUR,
        price_mode: PriceMode::Net,
        seller: seller(),
        logo: None,
        buyer: buyer(),
        lines: vec![
            Line {
                description: Some("18 V, 2 Akkus, Koffer. Ersetzt Modell BS-120.".to_owned()),
                ..line(
                    "Akku-Bohrschrauber BS-180",
                    "2",
                    "C62",
                    "149.00",
                    euro("298.00"),
                )
            },
            line("Einweisung vor Ort", "1.5", "HUR", "80.00", euro("120.00")),
        ],
        allowances: Vec::new(),
        charges: Vec::new(),
        tax_breakdown: vec![TaxBreakdown {
            vat: standard("19"),
            taxable_amount: euro("418.00"),
            tax_amount: euro("79.42"),
        }],
        totals: Totals {
            line_net: euro("418.00"),
            allowances: euro("0.00"),
            charges: euro("0.00"),
            tax_exclusive: euro("418.00"),
            tax: euro("79.42"),
            tax_inclusive: euro("497.42"),
            prepaid: euro("0.00"),
            rounding: euro("0.00"),
            payable: euro("497.42"),
        },
        payment: PaymentDetails {
            iban: Some("DE89370400440532013000".to_owned()),
            bic: Some("COBADEFFXXX".to_owned()),
            reference: Some("INV-2026-00042".to_owned()),
        },
        note: Some("Vielen Dank für Ihren Auftrag.".to_owned()),
        produced_at: "2026-11-22T09:30:00Z".parse::<Timestamp>().unwrap(),
    }
}

/// As many lines as asked for; every fifth has a long description, an allowance and a charge.
pub(crate) fn long(locale: Locale, count: usize) -> InvoiceDocument {
    let mut document = short(locale);
    document.lines = (0..count).map(numbered_line).collect();
    let line_net: i64 = document.lines.iter().map(|line| line.amount.minor()).sum();
    let reduced: i64 = document
        .lines
        .iter()
        .filter(|line| line.vat == standard("7"))
        .map(|line| line.amount.minor())
        .sum();
    let discount = 5_000;
    let money = |minor| Money::from_minor(minor, Currency::EUR).unwrap();
    let full = line_net - reduced - discount;
    let (full_tax, reduced_tax) = ((full * 19 + 50) / 100, (reduced * 7 + 50) / 100);
    document.allowances = vec![Adjustment {
        reason: "Treuerabatt".to_owned(),
        percent: None,
        amount: money(discount),
    }];
    let subtotal = |vat, taxable, amount| TaxBreakdown {
        vat,
        taxable_amount: money(taxable),
        tax_amount: money(amount),
    };
    document.tax_breakdown = vec![
        subtotal(standard("19"), full, full_tax),
        subtotal(standard("7"), reduced, reduced_tax),
    ];
    let inclusive = line_net - discount + full_tax + reduced_tax;
    document.totals = Totals {
        line_net: money(line_net),
        allowances: money(discount),
        charges: money(0),
        tax_exclusive: money(line_net - discount),
        tax: money(full_tax + reduced_tax),
        tax_inclusive: money(inclusive),
        prepaid: money(10_000),
        rounding: money(-2),
        payable: money(inclusive - 10_000 - 2),
    };
    document
}

fn numbered_line(index: usize) -> Line {
    const NAMES: [&str; 6] = [
        "Sechskantschraube M8 × 40, verzinkt",
        "Montage und Inbetriebnahme",
        "Hydraulikschlauch DN 12, 2 m",
        "Wartungsvertrag Premium",
        "Schmierfett Universal, Kartusche 400 g",
        "Sicherheitsschuhe S3, Größe 43",
    ];
    let number = i64::try_from(index).unwrap();
    let amount = 1_999 + number * 37;
    let money = |minor| Money::from_minor(minor, Currency::EUR).unwrap();
    let price = money(amount).to_decimal_string();
    let mut line = line(
        NAMES[index % NAMES.len()],
        "1",
        "C62",
        &price,
        money(amount),
    );
    if index % 7 == 3 {
        line.vat = standard("7");
    }
    if index.is_multiple_of(5) {
        line.description = Some(
            "Artikel-Nr. 4711-08-15, Charge 2026/11. Lieferung frei Haus, einschließlich \
             Verpackung und Entsorgung der Altteile nach Vereinbarung."
                .to_owned(),
        );
        line.allowances = vec![Adjustment {
            reason: "Mengenrabatt".to_owned(),
            percent: Some(Rate::parse("2.5").unwrap()),
            amount: money(51),
        }];
        line.charges = vec![Adjustment {
            reason: "Eilzuschlag".to_owned(),
            percent: None,
            amount: money(51),
        }];
    }
    line
}

/// Arabic, Chinese, Japanese, Korean, Greek and Cyrillic in every place that takes text.
pub(crate) fn many_scripts() -> InvoiceDocument {
    let mut document = short(Locale::En);
    document.seller.name = "株式会社 東京工具 Tokyo Tools".to_owned();
    document.seller.street = vec!["東京都千代田区丸の内1-2-3".to_owned()];
    document.seller.city = "東京".to_owned();
    document.seller.postal_code = "100-0005".to_owned();
    document.seller.country = "JP".to_owned();
    document.buyer.name = "شركة النور للتجارة المحدودة".to_owned();
    document.buyer.street = vec!["شارع الملك فهد 42".to_owned()];
    document.buyer.city = "الرياض".to_owned();
    document.buyer.postal_code = "11564".to_owned();
    document.buyer.country = "SA".to_owned();
    document.lines = vec![
        line(
            "مثقاب كهربائي BS-180 مع بطاريتين",
            "2",
            "C62",
            "149.00",
            euro("298.00"),
        ),
        line(
            "电钻，含两块电池，型号 BS-180",
            "1",
            "C62",
            "20.00",
            euro("20.00"),
        ),
        line(
            "電動ドリル（バッテリー２個付き）",
            "1",
            "C62",
            "20.00",
            euro("20.00"),
        ),
        line(
            "전동 드릴, 배터리 2개 포함",
            "1",
            "C62",
            "20.00",
            euro("20.00"),
        ),
        line(
            "Ηλεκτρικό δράπανο · Электродрель · Łódź",
            "1",
            "C62",
            "20.00",
            euro("20.00"),
        ),
        line(
            "Máy khoan điện, hai pin, kèm hộp đựng",
            "1",
            "C62",
            "40.00",
            euro("40.00"),
        ),
    ];
    document.note = Some(
        "يرجى الدفع خلال 30 يومًا من تاريخ الفاتورة INV-2026-00042 إلى الحساب المذكور أعلاه. نشكركم \
         على ثقتكم بنا ونتطلع إلى التعاون معكم مرة أخرى (السعر: 497.42 يورو).\n本发票金额以欧元计价，\
         请于到期日前付清。如有任何疑问，请随时与我们联系，我们将尽快为您解答。"
            .to_owned(),
    );
    document
}

/// Prices with tax, in a document that is not issued.
pub(crate) fn gross_draft() -> InvoiceDocument {
    let mut document = short(Locale::Fr);
    document.draft = true;
    document.number = None;
    document.payment.reference = None;
    document.price_mode = PriceMode::Gross;
    document.lines = vec![
        line("Tournevis à cliquet", "1", "C62", "340.00", euro("340.00")),
        line("Embouts, jeu de 20", "1", "SET", "13.90", euro("13.90")),
    ];
    document.tax_breakdown[0].taxable_amount = euro("297.39");
    document.tax_breakdown[0].tax_amount = euro("56.51");
    document.totals = Totals {
        line_net: euro("297.39"),
        allowances: euro("0.00"),
        charges: euro("0.00"),
        tax_exclusive: euro("297.39"),
        tax: euro("56.51"),
        tax_inclusive: euro("353.90"),
        prepaid: euro("0.00"),
        rounding: euro("0.00"),
        payable: euro("353.90"),
    };
    document
}

/// Prices with tax, in an issued document of one page, in a language.
pub(crate) fn gross(locale: Locale) -> InvoiceDocument {
    InvoiceDocument {
        locale,
        draft: false,
        number: Some("INV-2026-00042".to_owned()),
        ..gross_draft()
    }
}

/// The short document in another currency, with amounts of its minor units.
pub(crate) fn in_currency(locale: Locale, code: &str) -> InvoiceDocument {
    let currency = Currency::parse(code).unwrap();
    let mut document = short(locale);
    document.currency = currency;
    let convert = |money: &mut Money| *money = Money::from_minor(money.minor(), currency).unwrap();
    for line in &mut document.lines {
        convert(&mut line.price_amount);
        convert(&mut line.amount);
    }
    for row in &mut document.tax_breakdown {
        convert(&mut row.taxable_amount);
        convert(&mut row.tax_amount);
    }
    let totals = &mut document.totals;
    for money in [
        &mut totals.line_net,
        &mut totals.allowances,
        &mut totals.charges,
        &mut totals.tax_exclusive,
        &mut totals.tax,
        &mut totals.tax_inclusive,
        &mut totals.prepaid,
        &mut totals.rounding,
        &mut totals.payable,
    ] {
        convert(money);
    }
    document
}

/// A logo: a ring on a transparent ground.
pub(crate) fn logo_png() -> Vec<u8> {
    let picture = image::RgbaImage::from_fn(360, 120, |x, y| {
        let (dx, dy) = (i64::from(x) - 60, i64::from(y) - 60);
        let square = dx * dx + dy * dy;
        if (30 * 30..55 * 55).contains(&square) {
            image::Rgba([25, 63, 107, 255])
        } else if x > 140 && y > 35 && y < 85 && (x / 18) % 2 == 0 {
            image::Rgba([214, 90, 49, 200])
        } else {
            image::Rgba([0, 0, 0, 0])
        }
    });
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// All sorts of tax, a base quantity, and texts that do not fit.
pub(crate) fn crowded(locale: Locale) -> InvoiceDocument {
    let mut document = short(locale);
    document.logo = Some(logo_png());
    document.buyer.name = "Gesellschaft für außerordentlich lange Firmennamen und deren \
                           Abkürzungen mit beschränkter Haftung & Co. Kommanditgesellschaft"
        .to_owned();
    document.buyer.country = "AT".to_owned();
    document.purchase_order = Some("BESTELLUNG-2026-11-22-ABTEILUNG-EINKAUF-000123".to_owned());
    document.lines[0].price_base_quantity = Some(Quantity::parse("100").unwrap());
    document.lines[0].description = Some("Sehr langer Text. ".repeat(40));
    document.lines.push(Line {
        vat: untaxed(VatCategory::ReverseCharge),
        ..line(
            "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
            "123456.789012",
            "KGM",
            "1234567.0123456789",
            euro("152415787501.91"),
        )
    });
    document.lines.push(Line {
        description: Some("Absatz eins.\n\nAbsatz zwei. ".repeat(30)),
        ..line(
            "Sehr ausführliche Leistung",
            "1",
            "LS",
            "1.00",
            euro("1.00"),
        )
    });
    for category in [
        VatCategory::ReverseCharge,
        VatCategory::Exempt,
        VatCategory::Export,
    ] {
        document.tax_breakdown.push(TaxBreakdown {
            vat: untaxed(category),
            taxable_amount: euro("152415787501.91"),
            tax_amount: euro("0.00"),
        });
    }
    document.charges = vec![Adjustment {
        reason: "Fracht und Verpackung, versichert, mit Express-Zustellung bis 10 Uhr".to_owned(),
        percent: None,
        amount: euro("12.50"),
    }];
    document
}
