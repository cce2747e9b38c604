variable "name_prefix" {
  description = "Put before every name. Bucket names are shared by all of AWS: on AWS, set it."
  type        = string
  default     = ""
}

variable "endpoint_url" {
  description = "Local AWS endpoint that the printed URLs go through; null prints the URLs of AWS."
  type        = string
  default     = null
}

variable "environment" {
  description = "Deployment environment of the event ingestion."
  type        = string
  default     = "dev"
}

variable "buffering_interval_seconds" {
  description = "Firehose delivers to S3 after this many seconds, unless the buffer is full before (submit, iot)."
  type        = number
  default     = 60
}

variable "new_relic_url" {
  description = "HTTPS endpoint of the log relay."
  type        = string
  default     = "https://log-api.newrelic.com/log/v1"
}

variable "new_relic_access_key" {
  description = "Key sent to the endpoint in X-Amz-Firehose-Access-Key."
  type        = string
  default     = "test"
  sensitive   = true
}

variable "event_types" {
  description = "Event type -> settings of its flow; see the module event_ingestion."
  type = map(object({
    lambda_source_path  = optional(string)
    lambda_package_path = optional(string)
    lambda_handler      = optional(string, "handler.process_event")
    lambda_runtime      = optional(string, "python3.11")
    lambda_memory_size  = optional(number, 256)
    lambda_timeout      = optional(number, 30)
    lambda_vpc_config = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
    }))
    shard_count                    = optional(number, 1)
    retention_period               = optional(number, 24)
    enhanced_monitoring            = optional(bool, false)
    batch_size                     = optional(number, 100)
    batch_window_seconds           = optional(number, 5)
    dlq_enabled                    = optional(bool, true)
    max_retry_attempts             = optional(number, 3)
    bisect_batch_on_function_error = optional(bool, false)
  }))
  default = {
    user_activity = {}
    orders        = {}
    payments      = {}
  }
}

variable "manage_account_logging_role" {
  description = "Set the role that API Gateway logs with, one per account and region. Turn off where the account has one."
  type        = bool
  default     = true
}

variable "alarm_actions" {
  description = "ARNs to notify when an alarm changes state."
  type        = list(string)
  default     = []
}
