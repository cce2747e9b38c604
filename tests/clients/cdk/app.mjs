// A pipeline as its users write one, with the two custom resources that the CDK makes of `autoDeleteObjects` and
// `logRetention`: functions for Node.js that take the AWS SDK from their runtime.

import { App, CfnOutput, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Stream } from "aws-cdk-lib/aws-kinesis";
import { Code, Function, Runtime, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { KinesisEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Bucket } from "aws-cdk-lib/aws-s3";

const app = new App();
const stack = new Stack(app, "Pipeline", { env: { account: "000000000000", region: "us-east-1" } });
const stream = new Stream(stack, "In", { shardCount: 1 });
const bucket = new Bucket(stack, "Out", { autoDeleteObjects: true, removalPolicy: RemovalPolicy.DESTROY });
const store = new Function(stack, "Store", {
  runtime: Runtime.PYTHON_3_11,
  handler: "index.handler",
  code: Code.fromAsset(app.node.tryGetContext("function")),
  environment: { BUCKET: bucket.bucketName },
  logRetention: RetentionDays.ONE_WEEK,
});
bucket.grantPut(store);
store.addEventSource(new KinesisEventSource(stream, {
  startingPosition: StartingPosition.TRIM_HORIZON,
  batchSize: Number(app.node.tryGetContext("batch")),
}));
new CfnOutput(stack, "StreamName", { value: stream.streamName });
new CfnOutput(stack, "BucketName", { value: bucket.bucketName });
new CfnOutput(stack, "FunctionName", { value: store.functionName });
