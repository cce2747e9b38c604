variable "name_prefix" {
  description = "Put before every name. Bucket names are shared by all of AWS: on AWS, set it."
  type        = string
  default     = ""
}

variable "lambda_package_path" {
  description = "Zip of the transform function; null takes build/lambdas/iot_transform.zip of this repository."
  type        = string
  default     = null
}

variable "max_humidity" {
  description = "Records with a higher relative humidity (percent) are dropped."
  type        = number
  default     = 80
}

variable "buffering_size_mb" {
  description = "Firehose delivers when this many MB wait ..."
  type        = number
  default     = 5
}

variable "buffering_interval_seconds" {
  description = "... or after this many seconds, whichever comes first. The backup waits at least 60."
  type        = number
  default     = 60
}
