# Kinesis data stream -> Firehose with a transform function -> S3, with source backup

locals {
  stream_name          = "${var.name_prefix}ExampleDataStream"
  delivery_stream_name = "${var.name_prefix}iot-data-firehose"
  function_name        = "${var.name_prefix}firehose_lambda_processor_salvador"
  bucket_name          = "${var.name_prefix}bucket-for-iot-data-salvador"
  lambda_package_path  = coalesce(var.lambda_package_path, "${path.module}/../../../build/lambdas/iot_transform.zip")

  data_prefix   = "data/"
  error_prefix  = "processing-failed/"
  backup_prefix = "source-backup/"
}

resource "aws_kinesis_stream" "this" {
  name                      = local.stream_name
  shard_count               = 1
  retention_period          = 24
  enforce_consumer_deletion = true
}

module "bucket" {
  source = "../delivery_bucket"

  name = local.bucket_name
}

module "function" {
  source = "../lambda_function"

  name         = local.function_name
  package_path = local.lambda_package_path
  handler      = "lambda_firehose_handler.lambda_handler"
  timeout      = 60

  environment = { MAX_HUMIDITY = tostring(var.max_humidity) }
}

module "delivery_role" {
  source = "../delivery_stream_role"

  delivery_stream_name    = local.delivery_stream_name
  bucket_arn              = module.bucket.arn
  source_stream_arns      = [aws_kinesis_stream.this.arn]
  transform_function_arns = [module.function.arn]
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  name        = local.delivery_stream_name
  destination = "extended_s3"

  kinesis_source_configuration {
    kinesis_stream_arn = aws_kinesis_stream.this.arn
    role_arn           = module.delivery_role.role_arn
  }

  extended_s3_configuration {
    role_arn            = module.delivery_role.role_arn
    bucket_arn          = module.bucket.arn
    buffering_size      = var.buffering_size_mb
    buffering_interval  = var.buffering_interval_seconds
    prefix              = "${local.data_prefix}year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
    error_output_prefix = "${local.error_prefix}!{firehose:error-output-type}/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/"

    # Retries and the function's buffer keep their defaults (3, 1 MB, 60 s): the provider does not store
    # parameters that equal a default and would plan them again for ever.
    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = "${module.function.arn}:$LATEST"
        }
      }
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = module.delivery_role.log_group_name
      log_stream_name = module.delivery_role.destination_log_stream_name
    }

    s3_backup_mode = "Enabled"

    s3_backup_configuration {
      role_arn           = module.delivery_role.role_arn
      bucket_arn         = module.bucket.arn
      prefix             = local.backup_prefix
      buffering_size     = var.buffering_size_mb
      buffering_interval = max(60, var.buffering_interval_seconds)
      compression_format = "GZIP"

      cloudwatch_logging_options {
        enabled         = true
        log_group_name  = module.delivery_role.log_group_name
        log_stream_name = module.delivery_role.backup_log_stream_name
      }
    }
  }
}
