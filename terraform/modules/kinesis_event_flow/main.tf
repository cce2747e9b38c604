# One event type: an encrypted Kinesis stream, a Lambda processor that costs nothing while idle, a dead-letter queue.

locals {
  name           = "${var.name_prefix}${var.environment}-${var.event_type}"
  processor_name = "${local.name}-processor"
  package_path = coalesce(
    var.lambda_package_path,
    "${dirname(dirname(var.lambda_source_path))}/build/lambdas/${basename(var.lambda_source_path)}.zip",
  )
}

# No key policy: AWS's default lets IAM policies decide, and those below name this key alone.
resource "aws_kms_key" "this" {
  description             = "Kinesis stream ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 7
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_kinesis_stream" "this" {
  name                      = "${local.name}-stream"
  shard_count               = var.shard_count
  retention_period          = var.retention_period
  encryption_type           = "KMS"
  kms_key_id                = aws_kms_key.this.arn
  enforce_consumer_deletion = true

  shard_level_metrics = var.enhanced_monitoring ? [
    "IncomingBytes",
    "IncomingRecords",
    "IteratorAgeMilliseconds",
    "OutgoingBytes",
    "OutgoingRecords",
    "ReadProvisionedThroughputExceeded",
    "WriteProvisionedThroughputExceeded",
  ] : []
}

resource "aws_sqs_queue" "dlq" {
  count = var.dlq_enabled ? 1 : 0

  name                      = "${local.name}-dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

module "processor" {
  source = "../lambda_function"

  name               = local.processor_name
  package_path       = local.package_path
  handler            = var.lambda_handler
  runtime            = var.lambda_runtime
  memory_size        = var.lambda_memory_size
  timeout            = var.lambda_timeout
  environment        = merge({ EVENT_TYPE = var.event_type }, var.lambda_environment)
  vpc_config         = var.lambda_vpc_config
  log_retention_days = var.log_retention_days

  policy_statements = concat(
    [
      {
        actions = [
          "kinesis:DescribeStream",
          "kinesis:DescribeStreamSummary",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ]
        resources = [aws_kinesis_stream.this.arn]
      },
      {
        actions   = ["kms:Decrypt"]
        resources = [aws_kms_key.this.arn]
      },
    ],
    [
      for queue in aws_sqs_queue.dlq : {
        actions   = ["sqs:SendMessage"]
        resources = [queue.arn]
      }
    ],
  )
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn                   = aws_kinesis_stream.this.arn
  function_name                      = module.processor.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batch_window_seconds
  maximum_retry_attempts             = var.max_retry_attempts
  bisect_batch_on_function_error     = var.bisect_batch_on_function_error

  dynamic "destination_config" {
    for_each = aws_sqs_queue.dlq
    content {
      on_failure {
        destination_arn = destination_config.value.arn
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "iterator_age" {
  alarm_name          = "${local.processor_name}-iterator-age"
  alarm_description   = "The consumer of ${var.event_type} events falls behind"
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.iterator_age_alarm_ms
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions

  dimensions = { FunctionName = module.processor.name }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${local.processor_name}-errors"
  alarm_description   = "The processor of ${var.event_type} events fails too often"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.error_alarm_threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions

  dimensions = { FunctionName = module.processor.name }
}
