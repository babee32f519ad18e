"""The command `tfdynconv`: one file for each verb. Only a verb that needs TensorFlow imports it, and only when it runs."""
