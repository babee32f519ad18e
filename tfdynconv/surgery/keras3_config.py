"""How Keras 3 writes the graph of a functional model in its config, the format of its files."""

import keras

from tfdynconv.surgery.calls import Call, Ref, map_refs

MARK = "tfdynconv.surgery tensor "


def nodes(model):
    """(`{(layer name, index): Call}`, inputs, outputs), with such keys in the refs."""
    config = model.get_config()
    operations = {operation.name: operation for operation in model.operations}
    found = {}
    for entry in config["layers"]:
        name = entry["name"]
        calls = [arguments(node) for node in entry["inbound_nodes"]] or [((), {})]  # an input layer has no node
        for index, (args, kwargs) in enumerate(calls):
            found[name, index] = Call(operations[name], args, kwargs)

    def end(tensor):
        # here, and not in the nodes, a functional model counts the node that it was born with
        name, index = tensor.call
        is_functional = hasattr(operations[name], "operations")
        return Ref((name, index - is_functional), tensor.index)

    ends = (map_refs(end, tensors(config[key])) for key in ("input_layers", "output_layers"))
    return found, *ends


def arguments(node):
    """`(args, kwargs)` of one call. The refs pass Keras' own reading of constants and objects as marked strings."""
    refs = []

    def hide(value):
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            name, index, output = value["config"]["keras_history"]
            refs.append(Ref((name, index), output))
            return f"{MARK}{len(refs) - 1}"
        if isinstance(value, dict):
            return {key: hide(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(hide, value))
        return value

    def show(value):
        if isinstance(value, str) and value.startswith(MARK):
            return refs[int(value[len(MARK) :])]
        if isinstance(value, dict):
            return {key: show(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(show, value))
        return value

    args, kwargs = (show(keras.saving.deserialize_keras_object(hide(node[key]))) for key in ("args", "kwargs"))
    return tuple(args), kwargs


def tensors(nest):
    """The nest of `[layer name, index, output]` as one of refs."""
    if isinstance(nest, (list, tuple)) and len(nest) == 3 and isinstance(nest[0], str):
        return Ref((nest[0], nest[1]), nest[2])
    if isinstance(nest, dict):
        return {key: tensors(value) for key, value in nest.items()}
    return type(nest)(map(tensors, nest))
