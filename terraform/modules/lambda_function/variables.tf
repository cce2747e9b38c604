variable "name" {
  description = "Function name; also names its role and its log group."
  type        = string
}

variable "package_path" {
  description = "Zip with the function's code, as written by `python -m harness.provision.package`."
  type        = string
}

variable "handler" {
  description = "Entry point, `<module>.<function>`."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime identifier."
  type        = string
  default     = "python3.11"
}

variable "memory_size" {
  description = "Memory in MB."
  type        = number
  default     = 256
}

variable "timeout" {
  description = "Timeout in seconds."
  type        = number
  default     = 30
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
  default     = {}
}

variable "policy_statements" {
  description = "What the function may do beyond writing its own log."
  type = list(object({
    actions   = list(string)
    resources = list(string)
  }))
  default = []
}

variable "vpc_config" {
  description = "Subnets and security groups to run in; null runs outside a VPC."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the function's log."
  type        = number
  default     = 14
}
