//! The words of a document in the six languages.

use invoiceapp_domain::locale::Locale;

/// The words of one language. `{…}` is replaced when the word is used.
#[derive(Debug)]
pub(crate) struct Labels {
    /// The document's title.
    pub(crate) invoice: &'static str,
    /// The title of a credit note.
    pub(crate) credit_note: &'static str,
    /// Marks a preview.
    pub(crate) draft: &'static str,
    /// The document's number.
    pub(crate) number: &'static str,
    /// BT-2.
    pub(crate) issue_date: &'static str,
    /// BT-9.
    pub(crate) due_date: &'static str,
    /// BT-72.
    pub(crate) delivery_date: &'static str,
    /// BT-13.
    pub(crate) purchase_order: &'static str,
    /// BT-48.
    pub(crate) buyer_vat_id: &'static str,
    /// BT-31.
    pub(crate) vat_id: &'static str,
    /// BT-30.
    pub(crate) registration_id: &'static str,
    /// BT-5.
    pub(crate) currency: &'static str,
    /// Column: place of the line.
    pub(crate) position: &'static str,
    /// Column: the item.
    pub(crate) description: &'static str,
    /// Column: BT-129.
    pub(crate) quantity: &'static str,
    /// Column: BT-146.
    pub(crate) unit_price: &'static str,
    /// Column: a price with tax.
    pub(crate) unit_price_gross: &'static str,
    /// Value added tax.
    pub(crate) tax: &'static str,
    /// Column: BT-131.
    pub(crate) amount: &'static str,
    /// Column: the line with tax.
    pub(crate) amount_gross: &'static str,
    /// A price for a quantity other than one: `per 100 kg`.
    pub(crate) per: &'static str,
    /// Before an allowance's reason.
    pub(crate) allowance: &'static str,
    /// Before a charge's reason.
    pub(crate) charge: &'static str,
    /// BT-106.
    pub(crate) line_total: &'static str,
    /// BT-109.
    pub(crate) tax_exclusive: &'static str,
    /// BT-112.
    pub(crate) tax_inclusive: &'static str,
    /// BT-113.
    pub(crate) prepaid: &'static str,
    /// BT-114.
    pub(crate) rounding: &'static str,
    /// BT-115.
    pub(crate) payable: &'static str,
    /// BT-115 of a credit note.
    pub(crate) credited: &'static str,
    /// Heading of BG-23.
    pub(crate) tax_breakdown: &'static str,
    /// BT-116.
    pub(crate) taxable_amount: &'static str,
    /// BT-117.
    pub(crate) tax_amount: &'static str,
    /// Heading of the payment block.
    pub(crate) payment: &'static str,
    /// BT-85.
    pub(crate) account_holder: &'static str,
    /// BT-83.
    pub(crate) reference: &'static str,
    /// Heading of BT-22.
    pub(crate) note: &'static str,
    /// Before a phone number.
    pub(crate) phone: &'static str,
    /// Category Z.
    pub(crate) zero_rated: &'static str,
    /// Category E.
    pub(crate) exempt: &'static str,
    /// Category AE, in the words of Directive 2006/112/EC art. 226 (11a).
    pub(crate) reverse_charge: &'static str,
    /// Category K.
    pub(crate) intra_community: &'static str,
    /// Category G.
    pub(crate) export: &'static str,
    /// Category O.
    pub(crate) out_of_scope: &'static str,
    /// How much and until when.
    pub(crate) pay_until: &'static str,
    /// How much, without a date.
    pub(crate) pay: &'static str,
    /// At the foot of each page.
    pub(crate) page: &'static str,
}

const ENGLISH: Labels = Labels {
    invoice: "Invoice",
    credit_note: "Credit note",
    draft: "Draft",
    number: "Number",
    issue_date: "Date of issue",
    due_date: "Due date",
    delivery_date: "Date of supply",
    purchase_order: "Your order",
    buyer_vat_id: "Your VAT ID",
    vat_id: "VAT ID",
    registration_id: "Registration",
    currency: "Currency",
    position: "#",
    description: "Description",
    quantity: "Quantity",
    unit_price: "Unit price",
    unit_price_gross: "Unit price incl. VAT",
    tax: "VAT",
    amount: "Net amount",
    amount_gross: "Amount incl. VAT",
    per: "per",
    allowance: "Discount",
    charge: "Surcharge",
    line_total: "Subtotal excl. VAT",
    tax_exclusive: "Total excl. VAT",
    tax_inclusive: "Total incl. VAT",
    prepaid: "Prepaid",
    rounding: "Rounding",
    payable: "Amount due",
    credited: "Amount credited",
    tax_breakdown: "VAT breakdown",
    taxable_amount: "Taxable amount",
    tax_amount: "VAT amount",
    payment: "Payment",
    account_holder: "Account holder",
    reference: "Reference",
    note: "Notes",
    phone: "Phone",
    zero_rated: "Zero rated",
    exempt: "Exempt from VAT",
    reverse_charge: "Reverse charge",
    intra_community: "Intra-Community supply",
    export: "Export outside the EU",
    out_of_scope: "Not subject to VAT",
    pay_until: "Please transfer {amount} by {date}.",
    pay: "Please transfer {amount}.",
    page: "Page {page} of {pages}",
};

const GERMAN: Labels = Labels {
    invoice: "Rechnung",
    credit_note: "Gutschrift",
    draft: "Entwurf",
    number: "Nummer",
    issue_date: "Rechnungsdatum",
    due_date: "Fällig am",
    delivery_date: "Leistungsdatum",
    purchase_order: "Ihre Bestellung",
    buyer_vat_id: "Ihre USt-IdNr.",
    vat_id: "USt-IdNr.",
    registration_id: "Register-Nr.",
    currency: "Währung",
    position: "Pos.",
    description: "Bezeichnung",
    quantity: "Menge",
    unit_price: "Einzelpreis",
    unit_price_gross: "Einzelpreis brutto",
    tax: "USt.",
    amount: "Betrag netto",
    amount_gross: "Betrag brutto",
    per: "je",
    allowance: "Rabatt",
    charge: "Zuschlag",
    line_total: "Zwischensumme netto",
    tax_exclusive: "Summe netto",
    tax_inclusive: "Gesamtbetrag brutto",
    prepaid: "Bereits gezahlt",
    rounding: "Rundung",
    payable: "Zu zahlen",
    credited: "Gutschriftbetrag",
    tax_breakdown: "USt.-Aufstellung",
    taxable_amount: "Bemessungsgrundlage",
    tax_amount: "Steuerbetrag",
    payment: "Zahlung",
    account_holder: "Kontoinhaber",
    reference: "Verwendungszweck",
    note: "Hinweise",
    phone: "Telefon",
    zero_rated: "Steuersatz 0 %",
    exempt: "Umsatzsteuerfrei",
    reverse_charge: "Steuerschuldnerschaft des Leistungsempfängers",
    intra_community: "Innergemeinschaftliche Lieferung",
    export: "Ausfuhrlieferung",
    out_of_scope: "Nicht steuerbar",
    pay_until: "Bitte überweisen Sie {amount} bis zum {date}.",
    pay: "Bitte überweisen Sie {amount}.",
    page: "Seite {page} von {pages}",
};

const FRENCH: Labels = Labels {
    invoice: "Facture",
    credit_note: "Avoir",
    draft: "Brouillon",
    number: "Numéro",
    issue_date: "Date d’émission",
    due_date: "Échéance",
    delivery_date: "Date de livraison",
    purchase_order: "Votre commande",
    buyer_vat_id: "Votre n° TVA",
    vat_id: "N° TVA",
    registration_id: "Immatriculation",
    currency: "Devise",
    position: "N°",
    description: "Désignation",
    quantity: "Quantité",
    unit_price: "Prix unitaire",
    unit_price_gross: "Prix unitaire TTC",
    tax: "TVA",
    amount: "Montant HT",
    amount_gross: "Montant TTC",
    per: "par",
    allowance: "Remise",
    charge: "Supplément",
    line_total: "Sous-total HT",
    tax_exclusive: "Total HT",
    tax_inclusive: "Total TTC",
    prepaid: "Acompte versé",
    rounding: "Arrondi",
    payable: "Net à payer",
    credited: "Montant crédité",
    tax_breakdown: "Détail de la TVA",
    taxable_amount: "Base imposable",
    tax_amount: "Montant de TVA",
    payment: "Paiement",
    account_holder: "Titulaire",
    reference: "Référence",
    note: "Remarques",
    phone: "Tél.",
    zero_rated: "Taux zéro",
    exempt: "Exonéré de TVA",
    reverse_charge: "Autoliquidation",
    intra_community: "Livraison intracommunautaire",
    export: "Exportation hors UE",
    out_of_scope: "Hors champ de la TVA",
    pay_until: "Merci de virer {amount} au plus tard le {date}.",
    pay: "Merci de virer {amount}.",
    page: "Page {page} sur {pages}",
};

const SPANISH: Labels = Labels {
    invoice: "Factura",
    credit_note: "Factura rectificativa",
    draft: "Borrador",
    number: "Número",
    issue_date: "Fecha de emisión",
    due_date: "Vencimiento",
    delivery_date: "Fecha de entrega",
    purchase_order: "Su pedido",
    buyer_vat_id: "Su NIF-IVA",
    vat_id: "NIF-IVA",
    registration_id: "Registro",
    currency: "Moneda",
    position: "N.º",
    description: "Descripción",
    quantity: "Cantidad",
    unit_price: "Precio unitario",
    unit_price_gross: "Precio con IVA",
    tax: "IVA",
    amount: "Importe neto",
    amount_gross: "Importe con IVA",
    per: "por",
    allowance: "Descuento",
    charge: "Recargo",
    line_total: "Subtotal sin IVA",
    tax_exclusive: "Total sin IVA",
    tax_inclusive: "Total con IVA",
    prepaid: "Anticipo",
    rounding: "Redondeo",
    payable: "Total a pagar",
    credited: "Importe abonado",
    tax_breakdown: "Desglose del IVA",
    taxable_amount: "Base imponible",
    tax_amount: "Cuota",
    payment: "Pago",
    account_holder: "Titular",
    reference: "Concepto",
    note: "Observaciones",
    phone: "Tel.",
    zero_rated: "Tipo cero",
    exempt: "Exento de IVA",
    reverse_charge: "Inversión del sujeto pasivo",
    intra_community: "Entrega intracomunitaria",
    export: "Exportación fuera de la UE",
    out_of_scope: "No sujeto a IVA",
    pay_until: "Rogamos transfiera {amount} a más tardar el {date}.",
    pay: "Rogamos transfiera {amount}.",
    page: "Página {page} de {pages}",
};

const POLISH: Labels = Labels {
    invoice: "Faktura",
    credit_note: "Faktura korygująca",
    draft: "Projekt",
    number: "Numer",
    issue_date: "Data wystawienia",
    due_date: "Termin płatności",
    delivery_date: "Data dostawy",
    purchase_order: "Zamówienie",
    buyer_vat_id: "NIP nabywcy",
    vat_id: "NIP",
    registration_id: "Nr rejestru",
    currency: "Waluta",
    position: "Lp.",
    description: "Nazwa",
    quantity: "Ilość",
    unit_price: "Cena jedn.",
    unit_price_gross: "Cena jedn. brutto",
    tax: "VAT",
    amount: "Wartość netto",
    amount_gross: "Wartość brutto",
    per: "za",
    allowance: "Rabat",
    charge: "Dopłata",
    line_total: "Suma pozycji netto",
    tax_exclusive: "Razem netto",
    tax_inclusive: "Razem brutto",
    prepaid: "Zapłacono",
    rounding: "Zaokrąglenie",
    payable: "Do zapłaty",
    credited: "Kwota do zwrotu",
    tax_breakdown: "Zestawienie VAT",
    taxable_amount: "Podstawa",
    tax_amount: "Kwota VAT",
    payment: "Płatność",
    account_holder: "Odbiorca",
    reference: "Tytuł przelewu",
    note: "Uwagi",
    phone: "Tel.",
    zero_rated: "Stawka 0%",
    exempt: "Zwolnione z VAT",
    reverse_charge: "Odwrotne obciążenie",
    intra_community: "Dostawa wewnątrzwspólnotowa",
    export: "Eksport poza UE",
    out_of_scope: "Nie podlega VAT",
    pay_until: "Prosimy o przelew kwoty {amount} do {date}.",
    pay: "Prosimy o przelew kwoty {amount}.",
    page: "Strona {page} z {pages}",
};

const VIETNAMESE: Labels = Labels {
    invoice: "Hóa đơn",
    credit_note: "Hóa đơn điều chỉnh giảm",
    draft: "Bản nháp",
    number: "Số",
    issue_date: "Ngày lập",
    due_date: "Hạn thanh toán",
    delivery_date: "Ngày giao hàng",
    purchase_order: "Đơn đặt hàng",
    buyer_vat_id: "MST người mua",
    vat_id: "MST",
    registration_id: "Số đăng ký",
    currency: "Tiền tệ",
    position: "STT",
    description: "Mô tả",
    quantity: "Số lượng",
    unit_price: "Đơn giá",
    unit_price_gross: "Đơn giá gồm thuế",
    tax: "Thuế GTGT",
    amount: "Thành tiền",
    amount_gross: "Thành tiền gồm thuế",
    per: "mỗi",
    allowance: "Chiết khấu",
    charge: "Phụ phí",
    line_total: "Cộng tiền hàng",
    tax_exclusive: "Tổng chưa thuế",
    tax_inclusive: "Tổng cộng",
    prepaid: "Đã trả trước",
    rounding: "Làm tròn",
    payable: "Số tiền phải trả",
    credited: "Số tiền giảm trừ",
    tax_breakdown: "Chi tiết thuế GTGT",
    taxable_amount: "Giá tính thuế",
    tax_amount: "Tiền thuế",
    payment: "Thanh toán",
    account_holder: "Chủ tài khoản",
    reference: "Nội dung",
    note: "Ghi chú",
    phone: "ĐT",
    zero_rated: "Thuế suất 0%",
    exempt: "Miễn thuế GTGT",
    reverse_charge: "Người mua tự khai nộp thuế",
    intra_community: "Giao hàng nội khối EU",
    export: "Xuất khẩu ngoài EU",
    out_of_scope: "Không chịu thuế GTGT",
    pay_until: "Vui lòng chuyển khoản {amount} chậm nhất ngày {date}.",
    pay: "Vui lòng chuyển khoản {amount}.",
    page: "Trang {page}/{pages}",
};

/// The words of a language.
pub(crate) const fn labels(locale: Locale) -> &'static Labels {
    match locale {
        Locale::En => &ENGLISH,
        Locale::De => &GERMAN,
        Locale::Fr => &FRENCH,
        Locale::Es => &SPANISH,
        Locale::Pl => &POLISH,
        Locale::Vi => &VIETNAMESE,
    }
}

/// The column of a language in the tables of this module.
pub(super) const fn column(locale: Locale) -> usize {
    match locale {
        Locale::En => 0,
        Locale::De => 1,
        Locale::Fr => 2,
        Locale::Es => 3,
        Locale::Pl => 4,
        Locale::Vi => 5,
    }
}
