// The AWS SDK for JavaScript v3 as its own documents use it: no options, so it speaks HTTP/2 to Kinesis.
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from "@aws-sdk/client-kinesis";

const client = new KinesisClient({});
const text = (record) => Buffer.from(record.Data).toString();
const [name, ShardId] = ["js", "shardId-000000000000"];
const found = { handler: client.config.requestHandler.constructor.name };

await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }));
await client.send(new PutRecordCommand({ StreamName: name, PartitionKey: "k", Data: Buffer.from("one") }));
const Records = ["two", "three"].map((data) => ({ PartitionKey: "k", Data: Buffer.from(data) }));
found.failed = (await client.send(new PutRecordsCommand({ StreamName: name, Records }))).FailedRecordCount;

const place = { StreamName: name, ShardId, ShardIteratorType: "TRIM_HORIZON" };
const { ShardIterator } = await client.send(new GetShardIteratorCommand(place));
found.read = (await client.send(new GetRecordsCommand({ ShardIterator }))).Records.map(text);

const large = [...Array(100).keys()].map((n) =>
  client.send(new PutRecordCommand({ StreamName: name, PartitionKey: `${n}`, Data: Buffer.alloc(n * 2000, 120) })),
);
found.sideBySide = new Set((await Promise.all(large)).map((answer) => answer.SequenceNumber)).size;

try {
  await client.send(new GetRecordsCommand({ ShardIterator: "none" }));
} catch (error) {
  found.error = [error.name, error.message, error.$metadata.httpStatusCode];
}

const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: name }));
const consumer = { StreamARN: StreamDescriptionSummary.StreamARN, ConsumerName: "c" };
const { ConsumerARN } = (await client.send(new RegisterStreamConsumerCommand(consumer))).Consumer;
const subscribe = new SubscribeToShardCommand({ ConsumerARN, ShardId, StartingPosition: { Type: "TRIM_HORIZON" } });
const subscription = await client.send(subscribe);
try {
  await client.send(subscribe);
} catch (error) {
  found.again = error.name;
}
found.pushed = [];
let count = 0;
for await (const { SubscribeToShardEvent: event } of subscription.EventStream) {
  count += event.Records.length;
  found.pushed.push(...event.Records.map(text).filter((data) => data && !data.startsWith("x")));
  found.continuation = typeof event.ContinuationSequenceNumber;
  if (count === 103) {
    await client.send(new PutRecordCommand({ StreamName: name, PartitionKey: "k", Data: Buffer.from("pushed") }));
  } else if (count === 104) {
    break;
  }
}
found.count = count;
console.log(JSON.stringify(found));
process.exit(0); // the subscription would hold the process for the rest of its five minutes
