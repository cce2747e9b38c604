variable "name" {
  description = "Name of the API; with the environment it names role, plan and log group."
  type        = string
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

variable "endpoint_url" {
  description = "Local AWS endpoint that the printed URLs go through; null prints the URLs of AWS."
  type        = string
  default     = null
}

variable "event_streams" {
  description = "Event type -> the Kinesis stream that takes its events."
  type = map(object({
    stream_name = string
    stream_arn  = string
    kms_key_arn = string
  }))

  validation {
    condition     = !contains(keys(var.event_streams), "batch")
    error_message = "\"batch\" is taken by the path /events/batch."
  }
}

variable "stage_name" {
  description = "Stage, the first segment of the path."
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

  validation {
    condition     = length(var.cors_allowed_origins) > 0
    error_message = "Name at least one origin."
  }
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

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the access log."
  type        = number
  default     = 14
}
