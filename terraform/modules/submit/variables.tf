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
  description = "Zip of the submit handler; null takes build/lambdas/submit.zip of this repository."
  type        = string
  default     = null
}

variable "buffering_size_mb" {
  description = "Firehose delivers when this many MB wait ..."
  type        = number
  default     = 5
}

variable "buffering_interval_seconds" {
  description = "... or after this many seconds, whichever comes first."
  type        = number
  default     = 60
}
