variable "delivery_stream_name" {
  description = "Delivery stream that uses the role; names the role and the log group."
  type        = string
}

variable "bucket_arn" {
  description = "Bucket that the delivery stream writes to, as destination or as backup."
  type        = string
}

variable "source_stream_arns" {
  description = "Kinesis stream that the delivery stream reads; empty for Direct PUT."
  type        = list(string)
  default     = []
}

variable "transform_function_arns" {
  description = "Lambda function that transforms the records; empty for none."
  type        = list(string)
  default     = []
}

variable "bucket_key_arns" {
  description = "KMS key that encrypts the bucket's objects; empty for none."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the delivery errors."
  type        = number
  default     = 14
}
