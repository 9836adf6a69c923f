//! `invoiceapp settings`: everything that can be set, from the types that read it.

use std::process::ExitCode;

use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Map, Value};

use super::output::Output;
use crate::settings::Settings;

/// What the generated page says before its table.
const OPENING: &str = "\
# Settings

Generated from the code: `invoiceapp settings > docs/SETTINGS.md`.

Each key can be in a TOML file, which `--config FILE` or `INVOICEAPP_CONFIG` names, and in the environment, which wins;
a command-line flag wins over both. `http.listen` is `listen` in the section `[http]`. An unknown key is refused. A secret
is never shown in a log, an error or a list of settings.

| Key | Environment | Type | Default | Meaning |
|---|---|---|---|---|";

/// One key.
#[derive(Debug, Serialize)]
struct Setting {
    key: String,
    /// Nothing for a list, which can be in the file only.
    environment: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    default: Option<Value>,
    secret: bool,
    meaning: String,
}

/// Prints every key with its type, default and meaning: a page in Markdown, or JSON.
pub(super) fn run(output: Output) -> anyhow::Result<ExitCode> {
    let generator = SchemaSettings::default()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let schema = generator.into_root_schema_for::<Settings>().to_value();
    let mut settings = Vec::new();
    collect("", &schema, &mut settings);
    let rows = settings.iter().map(Setting::row);
    let page: Vec<String> = std::iter::once(OPENING.to_owned()).chain(rows).collect();
    output.print(&settings, &page.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The keys of a section, those of its sections after its own.
fn collect(prefix: &str, section: &Value, found: &mut Vec<Setting>) {
    let Some(properties) = section["properties"].as_object() else {
        return;
    };
    let is_section = |schema: &Value| schema["properties"].is_object();
    for (name, schema) in properties.iter().filter(|(_, schema)| !is_section(schema)) {
        found.push(Setting::of(format!("{prefix}{name}"), schema));
    }
    for (name, schema) in properties.iter().filter(|(_, schema)| is_section(schema)) {
        collect(&format!("{prefix}{name}."), schema, found);
    }
}

impl Setting {
    fn of(key: String, schema: &Value) -> Self {
        Self {
            environment: environment(&key, schema),
            kind: kind(schema),
            default: schema.get("default").filter(|it| !it.is_null()).cloned(),
            secret: schema["writeOnly"] == true,
            meaning: meaning(schema),
            key,
        }
    }

    fn row(&self) -> String {
        let default = match &self.default {
            None => String::new(),
            Some(Value::String(text)) if text.is_empty() => String::new(),
            Some(Value::Object(empty)) if empty.is_empty() => String::new(),
            Some(Value::String(text)) => format!("`{text}`"),
            Some(value) => format!("`{value}`"),
        };
        let environment = match &self.environment {
            Some(name) => format!("`{name}`"),
            None => "in the file only".to_owned(),
        };
        let secret = if self.secret { ", secret" } else { "" };
        format!(
            "| `{}` | {environment} | {}{secret} | {default} | {} |",
            self.key, self.kind, self.meaning
        )
    }
}

/// The variable of a key; of a table, that of one entry.
fn environment(key: &str, schema: &Value) -> Option<String> {
    let name = format!("INVOICEAPP_{}", key.replace('.', "__").to_uppercase());
    match kind(schema).as_str() {
        "list" => None,
        "table" => Some(format!("{name}__NAME")),
        _ => Some(name),
    }
}

/// The type as an operator would say it.
fn kind(schema: &Value) -> String {
    let choices: Vec<String> = choices(schema)
        .map(|choice| format!("`{}`", choice["const"].as_str().unwrap_or_default()))
        .collect();
    if !choices.is_empty() {
        return choices.join(", ");
    }
    let named = match &schema["type"] {
        // `null` beside the type is a key that may be left out.
        Value::Array(types) => types.iter().find(|it| *it != "null"),
        name => Some(name),
    };
    let name = match named.and_then(Value::as_str) {
        Some("boolean") => "true or false",
        Some("integer") => "whole number",
        Some("number") => "number",
        Some("array") => "list",
        Some("object") => "table",
        _ => "text",
    };
    name.to_owned()
}

/// The variants of an enumeration.
fn choices(schema: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    variants
        .filter_map(Value::as_object)
        .filter(|variant| variant.contains_key("const"))
}

/// The doc comment in one line, with what each choice means.
fn meaning(schema: &Value) -> String {
    let text = |of: &Value| of.as_str().unwrap_or_default().replace('\n', " ");
    let choices = choices(schema).map(|choice| {
        let name = choice["const"].as_str().unwrap_or_default();
        format!("`{name}`: {}", text(&choice["description"]))
    });
    let sentences: Vec<String> = std::iter::once(text(&schema["description"]))
        .chain(choices)
        .collect();
    sentences.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Setting> {
        let generator = SchemaSettings::default()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        let schema = generator.into_root_schema_for::<Settings>().to_value();
        let mut settings = Vec::new();
        collect("", &schema, &mut settings);
        settings
    }

    fn named(key: &str) -> Setting {
        all().into_iter().find(|it| it.key == key).unwrap()
    }

    #[test]
    fn every_key_says_what_it_means() {
        for setting in all() {
            assert!(!setting.meaning.is_empty(), "{}", setting.key);
        }
    }

    #[test]
    fn a_key_is_found_under_its_name_in_the_environment() {
        let listen = named("http.listen");
        assert_eq!(
            listen.environment.as_deref(),
            Some("INVOICEAPP_HTTP__LISTEN")
        );
        assert_eq!(listen.default, Some("127.0.0.1:3300".into()));
    }

    #[test]
    fn a_list_is_in_the_file_and_an_entry_of_a_table_has_a_variable() {
        assert_eq!(named("services.front_doors").environment, None);
        let headers = named("telemetry.headers").environment.unwrap();
        assert_eq!(headers, "INVOICEAPP_TELEMETRY__HEADERS__NAME");
    }

    #[test]
    fn no_secret_has_a_default_but_an_address_without_one() {
        for setting in all().iter().filter(|it| it.secret) {
            let shown = setting.default.as_ref().and_then(Value::as_str);
            assert!(!shown.unwrap_or_default().contains('@'), "{}", setting.key);
        }
        assert!(named("s3.secret_access_key").secret);
        assert!(named("telemetry.headers").secret);
    }
}
