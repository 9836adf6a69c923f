"""Prints every event of the InvoiceApp topics. pip install confluent-kafka fastavro requests

usage: consumer.py BROKERS REGISTRY [PREFIX]      reads to the end of the topics and stops
       consumer.py --follow BROKERS REGISTRY [PREFIX]
"""

import io
import json
import sys

import fastavro
import requests
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

follow = "--follow" in sys.argv
brokers, registry, *rest = [argument for argument in sys.argv[1:] if argument != "--follow"]
prefix = rest[0] if rest else "invoiceapp"
topics = [f"{prefix}.{name}.v1" for name in ("invoice", "product", "user")]

schemas = {}


def schema_of(schema_id):
    """The schema of an id; it never changes, so it is asked for once."""
    if schema_id not in schemas:
        answer = requests.get(f"{registry}/schemas/ids/{schema_id}", timeout=5)
        answer.raise_for_status()
        schemas[schema_id] = fastavro.parse_schema(json.loads(answer.json()["schema"]))
    return schemas[schema_id]


def decode(value):
    """One zero byte, the schema's id in four bytes, the Avro datum."""
    if value[0] != 0:
        raise ValueError("not in the wire format of the schema registry")
    datum = io.BytesIO(value[5:])
    event = fastavro.schemaless_reader(datum, schema_of(int.from_bytes(value[1:5], "big")), None)
    if datum.read(1):
        raise ValueError("bytes are left over")
    return event


consumer = Consumer({
    "bootstrap.servers": brokers,
    "group.id": "example",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "fetch.message.max.bytes": 8 << 20,
})
# This example keeps nothing, so it reads everything each time. One that keeps what it read stores
# the offsets with it, in one transaction, and begins there.
partitions = [
    TopicPartition(topic, partition, OFFSET_BEGINNING)
    for topic in topics
    for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions
]
consumer.assign(partitions)

versions = {}  # the newest version that was seen of each stream
unfinished = len(partitions)
while follow or unfinished:
    record = consumer.poll(1.0)
    if record is None:
        continue
    if record.error():
        if record.error().name() != "_PARTITION_EOF":
            raise SystemExit(str(record.error()))
        unfinished -= 1
        continue
    headers = {name: value.decode() for name, value in record.headers() or []}
    subject, version = headers["ce_subject"], int(headers["ce_streamversion"])
    # Delivery is at least once: a version that was seen is a repeat.
    if version <= versions.get(subject, 0):
        continue
    if version != versions.get(subject, 0) + 1:
        raise SystemExit(f"{subject}: a gap before version {version}")
    versions[subject] = version
    event = decode(record.value())
    event.pop("chain_hash")
    print(headers["ce_type"], subject, version, json.dumps(event, default=str, ensure_ascii=False))
consumer.close()
