variable "event_type" {
  description = "Event type identifier."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.event_type))
    error_message = "An event type consists of letters, digits, '_' and '-'."
  }
}

variable "name_prefix" {
  description = "Put before every name, so that several copies can live in one account."
  type        = string
  default     = ""
}

variable "environment" {
  description = "Deployment environment."
  type        = string
  default     = "dev"
}

variable "shard_count" {
  description = "Number of shards."
  type        = number
  default     = 1
}

variable "retention_period" {
  description = "Data retention in hours."
  type        = number
  default     = 24
}

variable "enhanced_monitoring" {
  description = "Shard-level metrics in CloudWatch."
  type        = bool
  default     = false
}

variable "lambda_source_path" {
  description = "Folder with the processor's code; its package is build/lambdas/<folder>.zip two levels up."
  type        = string
}

variable "lambda_package_path" {
  description = "Zip of the processor, where it is not the one that `lambda_source_path` stands for."
  type        = string
  default     = null
}

variable "lambda_handler" {
  description = "Lambda handler."
  type        = string
  default     = "handler.process_event"
}

variable "lambda_runtime" {
  description = "Lambda runtime."
  type        = string
  default     = "python3.11"
}

variable "lambda_memory_size" {
  description = "Memory in MB."
  type        = number
  default     = 256
}

variable "lambda_timeout" {
  description = "Timeout in seconds."
  type        = number
  default     = 30
}

variable "lambda_environment" {
  description = "Environment variables of the processor."
  type        = map(string)
  default     = {}
}

variable "lambda_vpc_config" {
  description = "Subnets and security groups of the processor; null runs it outside a VPC."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}

variable "batch_size" {
  description = "Max records per batch."
  type        = number
  default     = 100
}

variable "batch_window_seconds" {
  description = "Batch window duration in seconds."
  type        = number
  default     = 5
}

variable "dlq_enabled" {
  description = "Send batches that keep failing to an SQS queue."
  type        = bool
  default     = true
}

variable "max_retry_attempts" {
  description = "Max retry attempts of a failing batch."
  type        = number
  default     = 3
}

variable "bisect_batch_on_function_error" {
  description = "Halve a failing batch to isolate the poison record."
  type        = bool
  default     = false
}

variable "iterator_age_alarm_ms" {
  description = "The consumer has fallen behind when its oldest record is older than this."
  type        = number
  default     = 60000
}

variable "error_alarm_threshold" {
  description = "More failed invocations than this within five minutes raise the alarm."
  type        = number
  default     = 5
}

variable "alarm_actions" {
  description = "ARNs to notify when an alarm changes state."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the processor's log."
  type        = number
  default     = 14
}
