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

variable "endpoint_url" {
  description = "Local AWS endpoint that the printed URLs go through; null prints the URLs of AWS."
  type        = string
  default     = null
}

variable "event_types" {
  description = "Event type -> settings of its flow. Code is taken from lambdas/<event type> unless a path is given."
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

variable "stage_name" {
  description = "Stage of the API, the first segment of the path."
  type        = string
  default     = "v1"
}

variable "throttling_rate_limit" {
  description = "Requests per second that each method takes."
  type        = number
  default     = 10000
}

variable "throttling_burst_limit" {
  description = "Requests that each method takes at once."
  type        = number
  default     = 5000
}

variable "api_key_required" {
  description = "Take requests only with the key of the API's usage plan, in the header x-api-key."
  type        = bool
  default     = false
}

variable "cors_allowed_origins" {
  description = "Origins that browsers may send events from."
  type        = list(string)
  default     = ["*"]
}

variable "enable_access_logging" {
  description = "Write one line per request to CloudWatch Logs."
  type        = bool
  default     = true
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
