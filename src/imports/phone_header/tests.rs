//! Headers of common exports, and of ten languages.

use super::{Named, find};

#[track_caller]
fn is_found(header: &str, found: &Named) {
    assert_eq!(find(header.split(',')), *found, "{header}");
}

/// Exports of shops, of marketing and CRM programs, and of address books.
#[test]
fn phone_columns_of_common_exports_are_found() {
    for (header, column) in [
        // Shopify: customers, orders.
        (
            "First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,\
            Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Note,Tax Exempt,Tags",
            7,
        ),
        (
            "Name,Email,Financial Status,Billing Name,Billing Zip,Billing Phone,Shipping Name,Shipping Phone,Notes,Phone",
            9,
        ),
        (
            "Name,Email,Billing Name,Billing Zip,Billing Phone,Shipping Phone,Notes",
            4,
        ),
        // WooCommerce and its export plugins.
        ("customer_id,billing_phone", 1),
        (
            "order_id,order_number,billing_first_name,billing_postcode,billing_phone,shipping_phone",
            4,
        ),
        (
            "Order Number,Customer Note,Phone (Billing),City (Billing)",
            2,
        ),
        ("id,shipping phone,total", 1),
        // Klaviyo.
        (
            "Email,Klaviyo ID,First Name,Phone Number,SMS Consent,SMS Consent Timestamp,Phone Number Country Code",
            3,
        ),
        // Mailchimp.
        (
            "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,LEID",
            4,
        ),
        (
            "Email Address,First Name,SMS Phone Number,SMS Phone Marketing Status",
            2,
        ),
        // HubSpot.
        (
            "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Contact owner,Lead Status",
            5,
        ),
        // Brevo.
        (
            "EMAIL,LASTNAME,FIRSTNAME,DOUBLE_OPT-IN,LANDLINE_NUMBER,PHONE",
            5,
        ),
        // Odoo.
        ("Name,Phone,Mobile,Email,Salesperson", 2),
        ("Nome,Telefono,Cellulare,E-mail,Addetto vendite", 2),
        ("name,email,phone_sanitized", 2),
        // Google contacts.
        (
            "First Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value",
            2,
        ),
        ("Name,Phone 1 - Type,Phone 2 - Value,Phone 1 - Value", 3),
        // Outlook.
        (
            "First Name,E-mail Address,Home Fax,Primary Phone,Home Phone,Business Phone,Car Phone,Pager",
            3,
        ),
        (
            "First Name,Primary Phone,Home Phone,Home Phone 2,Mobile Phone,Business Phone",
            4,
        ),
        (
            "Nome,Telefono principale,Abitazione,Cellulare,Fax (uff.)",
            3,
        ),
        (
            "Vorname,Telefon geschäftlich,Telefon privat,Mobiltelefon,Fax geschäftlich",
            3,
        ),
        (
            "Prénom,Télécopie (bureau),Téléphone (bureau),Téléphone (domicile),Tél. mobile",
            4,
        ),
        ("Nombre,Teléfono del trabajo,Particular,Teléfono móvil", 3),
        ("Nome,Telefone Comercial,Telefone Residencial,Celular", 3),
        (
            "Voornaam,Telefoon op werk,Telefoon thuis,Mobiele telefoon",
            3,
        ),
        ("Imię,Telefon służbowy,Telefon domowy,Telefon komórkowy", 3),
        ("Имя,Рабочий телефон,Домашний телефон,Мобильный телефон", 3),
        ("Όνομα,Τηλέφωνο εργασίας,Τηλέφωνο οικίας,Κινητό τηλέφωνο", 3),
    ] {
        is_found(header, &Named::One(column));
    }
    is_found(
        "EMAIL,LASTNAME,SMS,WHATSAPP,LANDLINE_NUMBER",
        &Named::Perhaps(vec![2, 3]),
    );
}

#[test]
fn phone_headers_of_ten_languages_are_known() {
    for name in "Phone|phone|PHONE|phone_number|phoneNumber|PhoneNumber|PHONENUMBER|Phone No.|Tel|Tel. no.|Telephone|\
        mobile|Mobile number|mobile_phone_number|MobilePhone|mobilenumber|Cell|Cell phone|cellphonenumber|MSISDN|\
        Phone Number (SMS)|SMS number|customer_phone|Customer's phone|Contact number|E.164|Phone (E.164)|\
        What is your phone number?|WhatsApp Phone Number|Phone 1|Your mobile number (required)|\
        telefono|Numero di telefono|N. telefono|Num. tel.|Cellulare|Tel. cellulare|Numero cellulare|\
        numero_di_cellulare|Telefono mobile|Recapito telefonico|Cell.|Numero di contatto|Telefono (cellulare)|\
        Telefon|Telefonnummer|Tel.-Nr.|Rufnummer|Rufnummer Mobil|Handynummer|Handy|Handy-Nr.|Mobilnummer|\
        Mobilfunknummer|Mobil|Telefon (mobil)|Kontaktnummer|\
        Téléphone|Numéro de téléphone|N° de téléphone|Tél.|Portable|Téléphone portable|Numéro de portable|\
        Teléfono|Número de teléfono|Nº de teléfono|Móvil|Teléfono móvil|Celular|Número de celular|Tfno.|\
        Telefone|Número de telefone|Telemóvel|Número de telemóvel|Telefone celular|\
        Telefoon|Telefoonnummer|Mobiel|Mobiel nummer|Gsm-nummer|Mobiele telefoon|\
        Numer telefonu|Nr telefonu|Telefon kom.|Komórka|Numer telefonu komórkowego|Tel. komórkowy|\
        Номер телефона|Телефон|Мобильный|Моб. телефон|Сотовый телефон|Тел.|№ телефона|\
        Τηλέφωνο|Κινητό|Αριθμός τηλεφώνου|ΤΗΛ.|ΚΙΝΗΤΟ|Κιν. τηλέφωνο"
        .split('|')
    {
        is_found(&format!("id,{name}"), &Named::One(1));
    }
}

#[test]
fn other_headers_are_not_phone_headers() {
    for name in "SMS consent|Accepts SMS Marketing|Phone 1 - Label|Phone 1 - Type|Phone Number Country Code|Number|No|\
        Phone model|Home|Fax|Business Fax|Pager|Mobile app|Telefono fisso|Preferred phone|Number of SMS|Numero SMS|\
        SMS_OPT_IN|customer_id|Contact|Contact owner|Headphone|Microphone|Cellar|iPhone|phone_verified|Mobility|Fondo|\
        Phone 2024|Hoofdtelefoon|||".split('|') {
        is_found(&format!("id,{name}"), &Named::None);
    }
    is_found("Number", &Named::One(0));
    is_found(",,numero,", &Named::One(2));
    is_found("Nome,Cognome", &Named::None);
    is_found("WhatsApp,SMS,Tel", &Named::One(2));
}
