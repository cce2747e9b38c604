variable "name_prefix" {
  description = "Put before every name, so that several copies can live in one account."
  type        = string
  default     = ""
}

variable "endpoint_url" {
  description = "Local AWS endpoint that the printed URLs go through; null prints the URLs of AWS."
  type        = string
  default     = null
}

variable "lambda_package_path" {
  description = "Zip of the transform function; null takes build/lambdas/log_relay_transform.zip of this repository."
  type        = string
  default     = null
}

variable "new_relic_url" {
  description = "HTTPS endpoint that takes the transformed records."
  type        = string
  default     = "https://log-api.newrelic.com/log/v1"
}

variable "new_relic_access_key" {
  description = "Key sent to the endpoint in X-Amz-Firehose-Access-Key."
  type        = string
  default     = "test"
  sensitive   = true
}

variable "retry_duration_seconds" {
  description = "How long a failed delivery to the endpoint is retried before it goes to the backup bucket."
  type        = number
  default     = 60
}

variable "failure_marker" {
  description = "A JSON object with this member set to true is answered ProcessingFailed, to try the failure path. Empty turns it off."
  type        = string
  default     = "_force_failure"
}

variable "alarm_actions" {
  description = "ARNs to notify when the backup alarm changes state."
  type        = list(string)
  default     = []
}
