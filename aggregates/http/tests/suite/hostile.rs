//! Bytes that no friend sends: always 4xx, never 5xx, never a value taken by half.

use axum::body::Body;
use axum::http::Method;
use invoiceapp_http::json::{COMMAND_BODY_BYTES_MAX, JSON_DEPTH_MAX, parse_node};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::Value;

use crate::fixture::{World, order};

#[rstest]
#[case::nothing(b"".to_vec())]
#[case::white_space(b"  \n".to_vec())]
#[case::half(b"{".to_vec())]
#[case::trailing_document(b"{} {}".to_vec())]
#[case::trailing_comma(br#"{"currency":"EUR",}"#.to_vec())]
#[case::comment(b"{} // done".to_vec())]
#[case::not_utf8(vec![b'"', 0xff, b'"'])]
#[case::byte_order_mark("\u{feff}{}".as_bytes().to_vec())]
#[case::utf16(vec![0xff, 0xfe, b'{', 0, b'}', 0])]
#[case::nul(b"{\0}".to_vec())]
#[case::not_a_number(br#"{"net_days":NaN}"#.to_vec())]
#[case::infinity(br#"{"net_days":Infinity}"#.to_vec())]
#[case::leading_zero(br#"{"net_days":01}"#.to_vec())]
#[case::plus(br#"{"net_days":+1}"#.to_vec())]
#[case::single_quotes(b"{'currency':'EUR'}".to_vec())]
#[case::control_in_string(b"{\"currency\":\"E\x01\"}".to_vec())]
#[case::lone_surrogate(br#"{"currency":"\ud800"}"#.to_vec())]
#[case::surrogate_key(br#"{"\ud800":1}"#.to_vec())]
#[case::bad_escape(br#"{"currency":"\x41"}"#.to_vec())]
#[case::deep_arrays("[".repeat(10_000).into_bytes())]
#[case::deep_and_closed(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes())]
#[case::deep_objects(br#"{"a":"#.repeat(10_000))]
#[case::barely_too_deep(format!("{}{}", "[".repeat(JSON_DEPTH_MAX + 1), "]".repeat(JSON_DEPTH_MAX + 1)).into_bytes())]
#[case::array(b"[]".to_vec())]
#[case::null(b"null".to_vec())]
#[case::text(br#""EUR""#.to_vec())]
#[case::number(b"1e400".to_vec())]
#[case::minus(b"-".to_vec())]
#[tokio::test]
async fn a_body_that_is_not_the_document_is_refused(#[case] body: Vec<u8>) {
    let answer = World::new()
        .json(Method::POST, "/api/v1/orders", body)
        .await;
    assert_eq!(
        answer.status,
        400,
        "{}",
        String::from_utf8_lossy(&answer.bytes)
    );
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    answer.problem(400, &code);
}

#[tokio::test]
async fn a_body_that_says_or_turns_out_to_be_too_large_is_refused() {
    let world = World::new();
    let filler = "x".repeat(COMMAND_BODY_BYTES_MAX);
    let large = format!("{{\"note\":\"{filler}\"}}");
    let announced = world
        .request(Method::POST, "/api/v1/orders")
        .header("content-type", "application/json")
        .header("content-length", large.len())
        .body(Body::from(large.clone()));
    world
        .send(announced.unwrap())
        .await
        .problem(413, "body_too_large");
    let chunks = large
        .into_bytes()
        .chunks(1_000)
        .map(<[u8]>::to_vec)
        .collect::<Vec<_>>();
    let stream = futures::stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>));
    let streamed = world
        .json(Method::POST, "/api/v1/orders", Body::from_stream(stream))
        .await;
    streamed.problem(413, "body_too_large");
}

#[tokio::test]
async fn a_body_of_the_largest_size_is_read() {
    let mut body = order();
    body["note"] = Value::from("");
    let filler = " ".repeat(COMMAND_BODY_BYTES_MAX - body.to_string().len());
    body.as_object_mut().unwrap().remove("note");
    let text = format!("{filler}{body}");
    let answer = World::new()
        .json(Method::POST, "/api/v1/orders", text)
        .await;
    assert_eq!(answer.status, 201);
}

#[rstest]
#[case::none(None)]
#[case::form(Some("application/x-www-form-urlencoded"))]
#[case::text(Some("text/json"))]
#[case::suffix(Some("application/merge-patch+json"))]
#[case::charset(Some("application/json; charset=utf-16"))]
#[case::junk(Some("application/json, text/plain"))]
#[tokio::test]
async fn another_content_type_is_refused(#[case] content_type: Option<&str>) {
    let world = World::new();
    let mut request = world.request(Method::POST, "/api/v1/orders");
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let answer = world
        .send(request.body(Body::from(order().to_string())).unwrap())
        .await;
    answer.problem(415, "unsupported_media_type");
}

#[rstest]
#[case("application/json; charset=utf-8")]
#[case("Application/JSON;charset=\"UTF-8\"")]
#[tokio::test]
async fn json_in_utf8_is_accepted_however_it_is_spelled(#[case] content_type: &str) {
    let world = World::new();
    let request = world
        .request(Method::POST, "/api/v1/orders")
        .header("content-type", content_type);
    let answer = world
        .send(request.body(Body::from(order().to_string())).unwrap())
        .await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let world = World::new();
    let request = world
        .request(Method::POST, "/api/v1/orders")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    let answer = world
        .send(request.body(Body::from(order().to_string())).unwrap())
        .await;
    answer.problem(415, "unsupported_media_type");
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_give_a_server_error(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(World::new().json(Method::POST, "/api/v1/orders", body));
        prop_assert!(answer.status.is_client_error(), "{}", answer.status);
    }

    #[test]
    fn no_document_gives_a_server_error(body in json_value()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(World::new().create(&body));
        prop_assert!(answer.status.is_client_error(), "{}", answer.status);
    }

    #[test]
    fn whatever_the_json_library_takes_is_taken(body in json_value()) {
        let (node, errors) = parse_node(body.to_string().as_bytes()).unwrap();
        prop_assert!(errors.is_empty());
        let mut canonical = String::new();
        node.write_canonical(&mut canonical);
        prop_assert_eq!(serde_json::from_str::<Value>(&canonical).unwrap(), body);
    }

    #[test]
    fn whatever_the_json_library_refuses_is_refused(body in "[\\[\\]{}\",:0-9eE.+\\-tfn\\\\ua ]{0,20}") {
        if serde_json::from_str::<serde::de::IgnoredAny>(&body).is_err() {
            prop_assert!(parse_node(body.as_bytes()).is_err());
        }
    }

    #[test]
    fn white_space_and_order_of_keys_do_not_change_the_canonical_form(
        keys in prop::collection::btree_set("[a-z]{1,4}", 1..6),
        seed in any::<u64>(),
    ) {
        let mut members: Vec<String> = keys.iter().map(|key| format!("\"{key}\":\"{key}\"")).collect();
        let tidy = format!("{{{}}}", members.join(","));
        let length = members.len();
        members.rotate_left(usize::try_from(seed % 6).unwrap() % length);
        let untidy = format!(" {{ {} }} ", members.join(" ,\n "));
        let canonical = |text: &str| {
            let mut out = String::new();
            parse_node(text.as_bytes()).unwrap().0.write_canonical(&mut out);
            out
        };
        prop_assert_eq!(canonical(&tidy), canonical(&untidy));
    }
}
